import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { makePrivate } from '#host/files';
import type { Sql, SqlValue } from '#ports/database';
import { compiledOnce } from './compiled-once.ts';
import { migrate, type Migration } from './migrations.ts';
import type { SqliteLimits } from './limits.ts';

/** One open SQLite connection with its prepared statements. Everything is synchronous here. */
export class Connection {
  readonly #database: DatabaseSync;
  readonly #maxStatements: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #arrayStatements = new Map<string, StatementSync>();
  readonly #begin: StatementSync;
  readonly #beginImmediate: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #logSize: StatementSync | null;
  /** True when `run` once met a last rowid beyond 2^53 (see `run`). */
  #hasBigRowids = false;

  /**
   * Opens and migrates the database; blocks for some milliseconds when that has to write.
   * @param syncs  Set when nothing depends on the file yet, so that SQLite syncs nothing on the event loop.
   */
  constructor(
    path: string,
    migrations: readonly Migration[],
    cacheBytes: number,
    limits: SqliteLimits,
    syncs: 'syncs' | 'unsynced' = 'syncs',
  ) {
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 0 });
    this.#database = database;
    this.#maxStatements = limits.maxStatements;
    try {
      // SQLite makes files with mode 0644, and gives a new log the mode of its database.
      restrict(path);
      // The database is ours alone, so the log's index is in our memory and no transaction asks the system for locks.
      // Page size and vacuum mode hold for a new file only, before anything is written to it.
      database.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=${limits.pageBytes}`);
      const synchronous = syncs === 'syncs' ? 'NORMAL' : 'OFF';
      if (syncs === 'unsynced') database.exec('PRAGMA synchronous=OFF');
      // In an old file it would write the mode again, for which a full disk has no room.
      const isNew = Number(database.prepare('PRAGMA page_count').get()?.['page_count']) === 0;
      if (isNew) database.exec('PRAGMA auto_vacuum=INCREMENTAL');
      database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=${synchronous}; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;
        PRAGMA cache_size=-${Math.ceil(cacheBytes / 1024)}`);
      migrate(database, migrations, path);
      this.#begin = database.prepare('BEGIN');
      this.#beginImmediate = database.prepare('BEGIN IMMEDIATE');
      this.#commit = database.prepare('COMMIT');
      this.#rollback = database.prepare('ROLLBACK');
      this.#logSize = knowsLogSize(database) ? database.prepare('PRAGMA wal_checkpoint(NOOP)') : null;
      // From here on the caller does all syncs, off the event loop: two in each checkpoint, one of the log's new beginning (`beginLog`), and two before closing.
      database.exec('PRAGMA synchronous=OFF');
    } catch (error) {
      database.close();
      throw isBusy(error) ? new Error(`another process uses ${path}`, { cause: error }) : error;
    }
  }

  /** Starts a transaction. */
  begin(isWrite: boolean): void {
    (isWrite ? this.#beginImmediate : this.#begin).get();
  }

  commit(): void {
    // Not `run`, which would read the last rowid and may fail at it (see `run` below).
    this.#commit.get();
  }

  /** Never throws for a transaction that SQLite rolled back by itself. */
  rollback(): void {
    if (this.#database.isTransaction) this.#rollback.get();
  }

  all(statement: Sql): unknown[] {
    return this.#prepared(this.#statements, statement.text, false).all(...bindable(statement.values));
  }

  get(statement: Sql): unknown {
    return this.#prepared(this.#statements, statement.text, false).get(...bindable(statement.values));
  }

  arrays(statement: Sql): unknown[] {
    return this.#prepared(this.#arrayStatements, statement.text, true).all(...bindable(statement.values));
  }

  /** @returns the number of rows changed. */
  run(statement: Sql): number {
    const prepared = this.#prepared(this.#statements, statement.text, false);
    if (this.#hasBigRowids) prepared.setReadBigInts(true);
    try {
      const { changes } = prepared.run(...bindable(statement.values));
      return Number(changes);
    } catch (error) {
      // FTS5 with contentless_delete leaves a last rowid beyond 2^53: `run` then throws although the statement was executed.
      if (!isOutOfRange(error)) throw error;
      this.#hasBigRowids = true;
      return Number(this.#database.prepare('SELECT changes() AS n').get()?.['n'] ?? 0);
    } finally {
      if (this.#hasBigRowids) prepared.setReadBigInts(false);
    }
  }

  /** Pages in the write-ahead log, including those already copied to the database file; null when this SQLite cannot tell (before 3.51). */
  logPages(): number | null {
    return this.#logSize === null ? null : Number(this.#logSize.get()?.['log'] ?? 0);
  }

  /**
   * Copies the pages of the log to the database file WITHOUT syncing anything: the caller has flushed the log before, and flushes the
   * database file before anything is written again, because the next write may begin the log anew, over what could not be lost until then.
   */
  moveLog(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /**
   * Begins the log anew with a transaction of a single frame, after `moveLog` and the flush of the database; the caller flushes the log before
   * anything else is written. Disks may write what comes later first: with more frames than one, old ones could be left before new ones under the old
   * header, and SQLite would put pages back as they were before pages that it does not find any more (https://sqlite.org/src/info/ff5be73dee).
   */
  beginLog(): void {
    // Writes page 1, whether or not the number changes.
    this.#database.exec(`PRAGMA user_version=${this.#number('PRAGMA user_version')}`);
  }

  /**
   * Moves `pages` pages that nothing uses to the end of the file and cuts them off, in a transaction of its own, when more than a quarter
   * of a file of some size is unused: what is free serves new mail first. With `all`, any unused page goes. @returns whether it did; then the
   * caller flushes the log.
   */
  giveBack(pages: number, all = false): boolean {
    const free = this.#number('PRAGMA freelist_count');
    if (free === 0 || (!all && (free < 4 * pages || free < this.#number('PRAGMA page_count') / 4))) return false;
    this.#database.exec(`PRAGMA incremental_vacuum(${pages})`);
    return true;
  }

  /** Copies all pages to an empty file, off the event loop; nothing may use the connection meanwhile. Not durable. */
  async copyTo(path: string): Promise<void> {
    await backup(this.#database, path, { rate: pagesPerCopy });
  }

  /**
   * Closes the connection, which moves what is left in the log into the database file and removes the log. SQLite syncs both files on the event loop, unless
   * the caller says that there is nothing to sync: it has called `moveLog` and flushed the database file since the last transaction.
   */
  close(isSynced: boolean): void {
    this.#statements.clear();
    this.#arrayStatements.clear();
    if (!isSynced) this.#database.exec('PRAGMA synchronous=NORMAL');
    this.#database.close();
  }

  #number(text: string): number {
    return Number(Object.values(this.#database.prepare(text).get() ?? {})[0]);
  }

  #prepared(cache: Map<string, StatementSync>, text: string, arrays: boolean): StatementSync {
    const known = cache.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(compiledOnce(text));
    if (arrays) statement.setReturnArrays(true);
    if (cache.size >= this.#maxStatements) {
      // Oldest first: statements of the hot paths come straight back, and a hit stays a plain lookup.
      const oldest = cache.keys().next();
      if (!oldest.done) cache.delete(oldest.value);
    }
    cache.set(text, statement);
    return statement;
  }
}

/** Pages copied by one call to the thread pool: 4 MiB. */
const pagesPerCopy = 1024;

/** Takes the rights of others on a database and its log away, where it can: their folder is private in any case. */
function restrict(path: string): void {
  for (const file of [path, `${path}-wal`]) {
    try {
      makePrivate(file);
    } catch {
      // No log yet, a read-only file system, or files of another user.
    }
  }
}

/** Reports whether another connection held a lock that we wanted (SQLITE_BUSY with its extended codes). */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}

/** Older SQLite takes the unknown mode NOOP for a real checkpoint. */
function knowsLogSize(database: DatabaseSync): boolean {
  const [major = 0, minor = 0] = String(database.prepare('SELECT sqlite_version() AS v').get()?.['v'])
    .split('.')
    .map(Number);
  return major > 3 || (major === 3 && minor >= 51);
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** Values as the binding takes them; the same array when there is no boolean in it. */
function bindable(values: readonly SqlValue[]): SQLInputValue[] {
  for (const value of values) {
    if (typeof value === 'boolean') return values.map((v) => (typeof v === 'boolean' ? Number(v) : v));
  }
  return values as SQLInputValue[];
}
