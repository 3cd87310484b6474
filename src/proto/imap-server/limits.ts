/** Limits of one session: resources for its peer, and time. */
export interface ImapServerLimits {
  /** Silence allowed before login, for reads and writes; RFC 9051 §5.4 permits any value. */
  readonly unauthenticatedTimeoutMs: number;
  /** Time from the greeting to a login, regardless of activity. */
  readonly loginTimeoutMs: number;
  /** Commands before login. */
  readonly maxCommandsBeforeLogin: number;
  /** Silence allowed after login, which MUST be at least 30 minutes (RFC 9051 §5.4). */
  readonly authenticatedTimeoutMs: number;
  /** Silence allowed in IDLE: clients re-issue it every 29 minutes (RFC 9051 §6.3.13). */
  readonly idleTimeoutMs: number;
  /** Silence allowed inside a literal. */
  readonly literalTimeoutMs: number;
  /** Longest time in ms for which the peer may read nothing after login. */
  readonly writeTimeoutMs: number;
  /** Failed logins before the connection ends (RFC 9051 §11.7: servers SHOULD limit or delay them). */
  readonly maxLoginFailures: number;
  /** Delay of the answer to the first failed login; doubles with each further one. */
  readonly loginFailureDelayMs: number;
  /** BAD answers before login that end the connection. */
  readonly maxBadBeforeLogin: number;
  /** BAD answers in a row after login that end the connection. */
  readonly maxBadInRow: number;
  /** Bytes of a refused literal that are read and dropped; with more on their way the connection ends (RFC 7888 §4). */
  readonly maxSkippedBytes: number;
  /** Messages in one MULTIAPPEND. */
  readonly maxAppendMessages: number;
  /** Largest message that APPEND accepts when the backend has no limit. */
  readonly maxAppendBytes: number;
  /** Messages per read of rows. */
  readonly maxRowBatch: number;
  /** Messages per read of contents, which holds no more of each than the store gives in a batch. */
  readonly maxContentBatch: number;
  /** Bytes per read of a large message. */
  readonly contentChunkBytes: number;
  /** Bytes collected before they are written. */
  readonly outputBufferBytes: number;
  /** Characters of all patterns of one LIST, each with the reference before it. */
  readonly maxPatternChars: number;
  /** Steps of matching the patterns of one LIST with the names of the account, about 10 ns each. */
  readonly maxListSteps: number;
  /** Keys, nested ones included, in one SEARCH. */
  readonly maxSearchKeys: number;
  /**
   * Work of one SEARCH: its keys times the messages of the mailbox, where a key that needs a message's row counts 20 times, and one that
   * needs its text 200 times. For 100,000 messages these are 4,000 keys about flags, 200 about dates or sizes, or 20 about text.
   */
  readonly maxSearchWork: number;
  /** Bytes of a header that HEADER.FIELDS reads; they are in memory while the answer is made. */
  readonly maxFilteredHeaderBytes: number;
}

/** Limits for ordinary servers. */
export const defaultLimits: ImapServerLimits = {
  unauthenticatedTimeoutMs: 30_000,
  loginTimeoutMs: 3 * 60_000,
  maxCommandsBeforeLogin: 50,
  authenticatedTimeoutMs: 30 * 60_000,
  idleTimeoutMs: 31 * 60_000,
  literalTimeoutMs: 30_000,
  writeTimeoutMs: 5 * 60_000,
  maxLoginFailures: 10,
  loginFailureDelayMs: 500,
  maxBadBeforeLogin: 10,
  maxBadInRow: 100,
  maxSkippedBytes: 1_048_576,
  maxAppendMessages: 1000,
  maxAppendBytes: 0x7fff_ffff,
  maxRowBatch: 128,
  maxContentBatch: 32,
  contentChunkBytes: 256 * 1024,
  outputBufferBytes: 64 * 1024,
  maxPatternChars: 4096,
  maxListSteps: 20_000_000,
  maxSearchKeys: 1000,
  maxSearchWork: 400_000_000,
  maxFilteredHeaderBytes: 1_048_576,
};
