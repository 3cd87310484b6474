/** Bounds of what one message may cost, and of the work of one transaction. */
export const messageLimits = {
  /** Messages that `store`, `expunge`, `remove` and `move` change in one transaction: they hold the event loop for 2 to 15 ms. */
  batchMessages: 500,
  /** Size of each column that describes a message up to which many messages are read at once. */
  batchColumnBytes: 4096,
  /** Characters of the stored BODYSTRUCTURE; that of a message with a larger one is stored with its strings cut. */
  maxStructureChars: 128 * 1024,
} as const;
