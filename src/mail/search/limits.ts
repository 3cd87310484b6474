/** Bounds of what a search looks at in one message. */
export interface SearchLimits {
  /** Bytes of the message's header; as many as its index knows. */
  readonly maxHeaderBytes: number;
  /** Bytes of one part's body, encoded. */
  readonly maxPartBytes: number;
}

/** Enough for every message that people write. */
export const searchLimits: SearchLimits = {
  maxHeaderBytes: 256 * 1024,
  maxPartBytes: 8 * 2 ** 20,
};
