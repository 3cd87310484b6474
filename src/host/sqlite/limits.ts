/** Limits and sizes of the SQLite databases. */
export interface SqliteLimits {
  /** Account databases kept open; the least recently used are closed. One in use is never closed, so there may be more for a while. */
  readonly maxOpenAccounts: number;
  /** How long a transaction waits for another process's write lock. */
  readonly busyTimeoutMs: number;
  /** Longest run of queued transactions before the event loop gets a turn. */
  readonly maxRunMs: number;
  /** Prepared statements kept per connection. */
  readonly maxStatements: number;
  /** Log size at which its pages are copied to the database file, in the background. */
  readonly checkpointBytes: number;
  /** Log size at which writers wait for that copy, so that the log cannot outgrow the disk. */
  readonly maxLogBytes: number;
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
  busyTimeoutMs: 30_000,
  maxRunMs: 8,
  maxStatements: 500,
  checkpointBytes: 8 * 1024 * 1024,
  maxLogBytes: 64 * 1024 * 1024,
  serverCacheBytes: 4 * 1024 * 1024,
  accountCacheBytes: 1024 * 1024,
  pageBytes: 4096,
};
