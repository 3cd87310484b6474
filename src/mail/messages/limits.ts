/** Bounds of what one message may cost, of the work of one transaction, and of what an account keeps. */
export const messageLimits = {
  /** Messages that `expunge`, `remove` and `move` change in one transaction. */
  batchMessages: 500,
  /** Messages that `copy`, and the removal of a mailbox's messages, change in one transaction: narrow rows, some 2 MiB of log. Each transaction costs some milliseconds by itself. */
  longMessages: 5000,
  /** Messages whose rows one statement reads where a transaction goes on with those behind them. */
  readMessages: 250,
  /** Messages that `store` changes in one transaction: 40 rows. */
  storeMessages: 10_000,
  /** Time after which emails without a place are removed. */
  eraseAfterMs: 1000,
  /** Emails whose rows one transaction removes, which holds the event loop for a millisecond or two. */
  eraseEmails: 128,
  /** Size of their bodies in the database: each page of them is read to be freed. */
  eraseBytes: 1024 * 1024,
  /** Size of each column that describes a message up to which many messages are read at once. */
  batchColumnBytes: 4096,
  /** Size of a body in the database up to which many are read at once. */
  batchBodyBytes: 32 * 1024,
  /** Different keywords that an account ever uses: each mailbox tells clients all of its own. */
  maxKeywords: 1000,
  /** Keywords of one message. */
  maxMessageKeywords: 100,
  /** Characters of one keyword. */
  maxKeywordChars: 100,
} as const;
