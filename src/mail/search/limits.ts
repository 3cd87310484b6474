/** Bounds of what a search looks at in one message. */
export interface SearchLimits {
  /** Bytes of the message's header; as many as its index knows. */
  readonly maxHeaderBytes: number;
  /** Bytes of one part's body, encoded. */
  readonly maxPartBytes: number;
  /** Charset of text that is not UTF-8 and names none that is known. */
  readonly fallbackCharset: string;
}

/** Enough for every message that people write. */
export const searchLimits: SearchLimits = {
  maxHeaderBytes: 256 * 1024,
  maxPartBytes: 8 * 2 ** 20,
  fallbackCharset: 'windows-1252',
};
