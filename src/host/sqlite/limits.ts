/** Limits and sizes of the SQLite databases. */
export interface SqliteLimits {
  /** Account databases kept open; the least recently used are closed. One in use is never closed, so there may be more for a while. */
  readonly maxOpenAccounts: number;
  /** Prepared statements kept per connection. */
  readonly maxStatements: number;
  /** Log size at which its pages are copied to the database file. Copying keeps the event loop busy for about 0.5 ms a MiB. */
  readonly checkpointBytes: number;
  /** Usual transactions between two looks at the log's size, each of which takes 2 µs; large ones count as several. */
  readonly writesPerLook: number;
  /** Unused pages cut off in one transaction; each costs about 20 µs. */
  readonly giveBackPages: number;
  /**
   * Bytes given back after which a checkpoint cuts them off the file, however small the log: the system holds the event loop for about 0.2 ms a MiB while it
   * gives them back.
   */
  readonly cutBytes: number;
  /** Page cache of the server's connection. */
  readonly serverCacheBytes: number;
  /** Page cache of each account's connection. */
  readonly accountCacheBytes: number;
  /** Size of the pages of new databases: a power of two up to 65536. */
  readonly pageBytes: number;
}

/** Sized for hundreds of open accounts in a process of about 100 MB. */
export const defaultSqliteLimits: SqliteLimits = {
  maxOpenAccounts: 500,
  maxStatements: 500,
  checkpointBytes: 4 * 1024 * 1024,
  writesPerLook: 32,
  giveBackPages: 64,
  cutBytes: 8 * 1024 * 1024,
  serverCacheBytes: 4 * 1024 * 1024,
  accountCacheBytes: 1024 * 1024,
  pageBytes: 4096,
};
