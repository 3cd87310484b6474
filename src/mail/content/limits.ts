/** Where a body is kept. Both kinds stay readable when the threshold changes. */
export const contentLimits = {
  /** Bodies up to this size live in the database beside their row. */
  inlineBytes: 64 * 1024,
  /** Piece size when an inline body or a blob is streamed. */
  chunkBytes: 64 * 1024,
} as const;

/** The limits' type, for arguments that replace some of them. */
export type ContentLimits = { readonly [K in keyof typeof contentLimits]: number };
