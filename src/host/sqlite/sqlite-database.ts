import type { Files } from '#host/files';
import type { Clock } from '#ports/clock';
import { StrayAwait, type Database, type Reader, type Tx } from '#ports/database';
import type { Log } from '#ports/log';
import type { Checkpointer } from './checkpointer.ts';
import { Connection, isBusy } from './connection.ts';
import type { SqliteLimits } from './limits.ts';
import { LogFlush } from './log-flush.ts';
import type { Migration } from './migrations.ts';
import { StrayAlarm, Transaction } from './transaction.ts';
import { Turns } from './turns.ts';

/** What one database needs. */
interface SqliteDatabaseDeps {
  /** The directory of the database file; made when missing. */
  readonly directory: string;
  readonly name: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly migrations: readonly Migration[];
  readonly cacheBytes: number;
  readonly limits: SqliteLimits;
  readonly checkpointer: Checkpointer;
  /** A flush failed: what was acknowledged is safe, nothing can be acknowledged any more. */
  readonly onFatal: (error: Error) => void;
  /** Called after the connection was opened. */
  readonly onOpen: () => void;
}

interface Opened {
  readonly connection: Connection;
  readonly flush: LogFlush;
}

/**
 * One SQLite file on the main thread. The connection is opened at first use and may be closed between uses, which callers never notice.
 * Transactions run one after the other, each within one draining of the microtask queue; commits are flushed together (`LogFlush`).
 */
export class SqliteDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly #deps: SqliteDatabaseDeps;
  readonly #turns: Turns;
  readonly #alarm = new StrayAlarm();
  #opened: Opened | null = null;
  #isClosed = false;
  #writesUntilLook = writesPerLook;
  #isLogTooLong = false;
  #checkpoint: Promise<void> | null = null;
  /** When it was last used, by the monotonic clock. */
  usedMs = 0;

  constructor(deps: SqliteDatabaseDeps) {
    this.#deps = deps;
    this.#turns = new Turns(deps.limits.maxRunMs);
  }

  /** Path of the database file. */
  get path(): string {
    return this.#deps.files.join(this.#deps.directory, this.#deps.name);
  }

  /** Whether there is an open connection that nobody uses. */
  get isIdle(): boolean {
    return this.#opened !== null && !this.#turns.isTaken && this.#checkpoint === null;
  }

  /** Whether there is an open connection. */
  get isOpen(): boolean {
    return this.#opened !== null;
  }

  async read<T>(body: (reader: Reader) => Promise<T>): Promise<T> {
    await this.#turns.take();
    this.usedMs = this.#deps.clock.monotonic();
    try {
      const { connection } = this.#opened ?? (await this.#open());
      for (let tries = 1; ; tries += 1) {
        try {
          return await this.#attempt(connection, false, body);
        } catch (error) {
          if (!isBusy(error) || tries >= maxReadTries) throw error;
        }
        await this.#deps.clock.sleep(jitterMs(tries));
      }
    } finally {
      this.#turns.release();
    }
  }

  async write<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    let result: T;
    let durable: Promise<void>;
    let callbacks: readonly (() => void)[] | null = null;
    if (this.#isLogTooLong) await this.#checkpoint;
    await this.#turns.take();
    this.usedMs = this.#deps.clock.monotonic();
    try {
      const opened = this.#opened ?? (await this.#open());
      const { connection, flush } = opened;
      result = await this.#attempt(connection, true, body, (tx) => {
        callbacks = tx.callbacks;
      });
      durable = flush.committed();
      this.#writesUntilLook -= 1;
      if (this.#writesUntilLook <= 0) this.#lookAtLog(opened);
    } finally {
      this.#turns.release();
    }
    await durable;
    if (callbacks !== null) this.#call(callbacks);
    return result;
  }

  durable(): Promise<void> {
    return this.#opened?.flush.durable() ?? Promise.resolve();
  }

  /** Closes the connection once nobody uses it; the next use opens it again. */
  rest(): Promise<void> {
    return this.#shut(0);
  }

  /** Closes it for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#shut(this.#deps.limits.checkpointBytes / 4);
  }

  /** @param maxLogBytes  A longer log is emptied by the checkpoint thread first: the last close does it on the loop, syncs and all. */
  async #shut(maxLogBytes: number): Promise<void> {
    while (this.#checkpoint !== null) await this.#checkpoint;
    await this.#turns.take();
    try {
      const opened = this.#opened;
      if (opened === null) return;
      const { limits, checkpointer } = this.#deps;
      await opened.flush.durable().catch(() => undefined);
      if ((opened.connection.logPages() ?? 0) * limits.pageBytes > maxLogBytes) {
        // Only a convenience: the close does what is left.
        await checkpointer.checkpoint(this.path).catch(() => undefined);
      }
      this.#opened = null;
      await opened.flush.close();
      opened.connection.close();
    } finally {
      this.#turns.release();
    }
  }

  /** Nothing to release: a database belongs to its `Databases`, which closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #attempt<T>(
    connection: Connection,
    isWrite: boolean,
    body: (tx: Tx) => Promise<T>,
    onCommit?: (tx: Transaction) => void,
  ): Promise<T> {
    if (isWrite) await this.#beginWrite(connection);
    else connection.begin(false);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const tx = new Transaction(connection, () => {
      connection.rollback();
      reject(new StrayAwait(`a transaction awaited something other than its own statements: ${excerpt(body)}`));
    });
    this.#alarm.watch(tx);
    try {
      body(tx).then(resolve, reject);
      const result = await promise;
      tx.end();
      connection.commit();
      onCommit?.(tx);
      return result;
    } catch (error) {
      tx.end();
      // Nothing left to do for a stray body, which was rolled back when the alarm rang.
      connection.rollback();
      throw error;
    }
  }

  async #beginWrite(connection: Connection): Promise<void> {
    const deadlineMs = this.#deps.clock.monotonic() + this.#deps.limits.busyTimeoutMs;
    for (let tries = 1; ; tries += 1) {
      try {
        connection.begin(true);
        return;
      } catch (error) {
        if (!isBusy(error) || this.#deps.clock.monotonic() >= deadlineMs) throw error;
      }
      await this.#deps.clock.sleep(jitterMs(tries));
    }
  }

  async #open(): Promise<Opened> {
    const { files, directory, migrations, cacheBytes, limits, onFatal, onOpen } = this.#deps;
    if (this.#isClosed) throw new Error(`${this.path} is closed`);
    await files.ensureDirectory(directory);
    const connection = new Connection(this.path, migrations, cacheBytes, limits);
    let flush: LogFlush | null = null;
    try {
      flush = new LogFlush(await files.openForSync(`${this.path}-wal`), onFatal);
      // The schema may have just been written, and the files just made: they are part of whatever is acknowledged later.
      await flush.committed();
      await files.syncDirectory(directory);
    } catch (error) {
      await flush?.close();
      connection.close();
      throw error;
    }
    this.#opened = { connection, flush };
    this.#lookAtLog(this.#opened);
    onOpen();
    return this.#opened;
  }

  /** Starts a background checkpoint when the log has grown. */
  #lookAtLog({ connection }: Opened): void {
    const { limits } = this.#deps;
    this.#writesUntilLook = writesPerLook;
    const pages = connection.logPages();
    const bytes = pages === null ? limits.checkpointBytes : pages * limits.pageBytes;
    this.#isLogTooLong = bytes > limits.maxLogBytes;
    if (pages === null) this.#writesUntilLook = writesPerBlindCheckpoint;
    if (bytes < limits.checkpointBytes || this.#checkpoint !== null) return;
    this.#checkpoint = this.#emptyLog()
      .catch((error: unknown) => this.#deps.log.error('sqlite.checkpointFailed', { path: this.path }, error))
      .finally(() => {
        this.#checkpoint = null;
        this.#isLogTooLong = false;
      });
  }

  /** First beside the writers; then without them, for the little they added, so that the next commit starts the log anew. */
  async #emptyLog(): Promise<void> {
    const { checkpointer, limits } = this.#deps;
    for (let pass = 1; pass <= maxPassesBeside; pass += 1) {
      const { movedPages } = await checkpointer.checkpoint(this.path);
      const leftPages = (this.#opened?.connection.logPages() ?? 0) - movedPages;
      if (leftPages * limits.pageBytes < limits.checkpointBytes / 8) break;
    }
    await this.#turns.take();
    try {
      const { logPages, movedPages } = await checkpointer.checkpoint(this.path);
      // Another process reads an old snapshot: trying again at once would be in vain.
      if (movedPages < logPages) this.#writesUntilLook = writesPerBlindCheckpoint;
    } finally {
      this.#turns.release();
    }
  }

  #call(callbacks: readonly (() => void)[]): void {
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        this.#deps.log.error('sqlite.afterCommitFailed', { path: this.path }, error);
      }
    }
  }
}

/** Transactions between two looks at the log's size, each of which takes 2 µs. */
const writesPerLook = 32;
/** The same when the size is not known, or the log could not be emptied. */
const writesPerBlindCheckpoint = 2048;
/** Checkpoints beside busy writers before they are made to wait. */
const maxPassesBeside = 3;
const maxReadTries = 20;

/** A wait before the next try for a lock: short at first, random so that processes do not meet again. */
function jitterMs(tries: number): number {
  return Math.min(25, tries) * (0.5 + Math.random());
}

/** The beginning of a body's source, to name the culprit without paying for a stack trace in each transaction. */
function excerpt(body: (tx: Tx) => Promise<unknown>): string {
  return Function.prototype.toString.call(body).replace(/\s+/g, ' ').slice(0, 200);
}
