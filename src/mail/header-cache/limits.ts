/** Bounds of blocks of header fields and of the work of making them. */
export const headerCacheLimits = {
  /** Messages of a block. */
  blockMessages: 2048,
  /** A block at the end of a mailbox with fewer messages is made anew with those that came after it. */
  smallBlockMessages: 512,
  /** Messages without a block from which on it pays to store one. */
  minStoredMessages: 128,
  /** Descriptions read at a time. */
  readMessages: 32,
  /** A header in which a field, with its repetitions, is longer is left to readers of the header itself. */
  maxFieldBytes: 0x3fff,
  /** Memory of all accounts together for rows that were read lately. */
  maxRowMemoryBytes: 16 * 1024 * 1024,
  /** Time in ms for which they are kept after the last read. */
  rowMemoryMs: 60_000,
  /** Bytes of one field in a block: when they are reached, the block ends. */
  maxColumnBytes: 1024 * 1024,
};

/** See `headerCacheLimits`. */
export type HeaderCacheLimits = Readonly<typeof headerCacheLimits>;
