/** Bounds of the work of one transaction. */
export const messageLimits = {
  /** Messages that `store`, `expunge`, `remove` and `move` change in one transaction: they hold the event loop for 2 to 15 ms. */
  batchMessages: 500,
} as const;
