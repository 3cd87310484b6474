const KiB = 1024;

/** Thresholds that decide where a body is kept. Both kinds stay readable when the thresholds change. */
export const contentLimits = {
  /** Bodies up to this size live in the database beside their row, when the memory for them is there (decision 0014). */
  inlineBytes: 256 * KiB,
  /** Memory that each message on its way in may use without asking. */
  ownBytes: 64 * KiB,
  /** Memory beyond `ownBytes` that all messages on their way in share. */
  sharedBytes: 32 * KiB * KiB,
  /** Part of `sharedBytes` that the messages of one APPEND may take: they become rows in one transaction, which holds the event loop. */
  appendBytes: 1024 * KiB,
  /** Piece size when an inline body or a blob is streamed. */
  chunkBytes: 64 * KiB,
} as const;

/** The limits' type, for arguments that replace some of them. */
export type ContentLimits = { readonly [K in keyof typeof contentLimits]: number };
