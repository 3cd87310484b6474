import { conditionOf, probeDirectory } from '#host/conditions';
import type { DiskReserve } from '#host/disk-reserve';
import type { Files } from '#host/files';
import type { Clock } from '#ports/clock';
import { ConditionError, type ConditionKind, type ConditionSink } from '#ports/conditions';
import { DatabaseMissing, StrayAwait, type Database, type Reader, type Tx, type WriteSpace } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { SyncHandle } from '#ports/file-system';
import type { Log } from '#ports/log';
import { Connection } from './connection.ts';
import type { SqliteLimits } from './limits.ts';
import { damagesOf } from './integrity.ts';
import { FileWatch } from './file-watch.ts';
import { LogFlush } from './log-flush.ts';
import type { Migration } from './migrations.ts';
import { publishDatabase } from './publish-database.ts';
import { putBack, removeStaleLog } from './put-back.ts';
import { StrayAlarm, Transaction } from './transaction.ts';
import { DatabaseMutex } from './database-mutex.ts';

/** Dependencies of one database. */
interface SqliteDatabaseDeps {
  /** The directory of the database file; made when missing. */
  readonly directory: string;
  /** The folder with all data. */
  readonly root: string;
  readonly name: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly loop: EventLoop;
  readonly log: Log;
  readonly migrations: readonly Migration[];
  readonly cacheBytes: number;
  readonly limits: SqliteLimits;
  /** Space kept back for writes that free some. */
  readonly reserve: DiskReserve;
  readonly conditions: ConditionSink;
  /** A flush failed: what was acknowledged is safe, nothing can be acknowledged any more. */
  readonly onFatal: (error: Error) => void;
  /** Called after the connection was opened. */
  readonly onOpen: () => void;
}

interface Opened {
  readonly connection: Connection;
  readonly flush: LogFlush;
  /**
   * The database file, for its flush after a checkpoint. It stays open as long as the connection: closing any descriptor of a file gives up
   * the locks that the process holds on it (POSIX), SQLite's among them.
   */
  readonly file: SyncHandle;
  readonly watch: FileWatch;
  /** Number of the flush after which `watch` was last asked, and what came of it: null when all was well. */
  lookedAfter: number;
  keeping: Promise<void> | null;
}

/**
 * One SQLite file on the main thread. The connection is opened at first use and may be closed between uses, which callers never notice.
 * Transactions run one after the other, each within one draining of the microtask queue; commits are flushed together (`LogFlush`).
 */
export class SqliteDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly #deps: SqliteDatabaseDeps;
  readonly #mutex: DatabaseMutex;
  readonly #alarm = new StrayAlarm();
  #opened: Opened | null = null;
  #isClosed = false;
  readonly #closing = new AbortController();
  #writesUntilLook = 0;
  /** After a checkpoint that failed: when to try the next, by the monotonic clock. */
  #checkpointAfterMs = -Infinity;
  #checkpoint: Promise<void> | null = null;
  #isGivingBack = false;
  /** Bytes given back to the file system that the next checkpoint cuts off the file. */
  #givenBackBytes = 0;
  /** It was made before: it is not made anew when its file is missing. */
  mustExist = false;
  /** The condition of an open file that is not at its path any more: nothing is written while it lasts. */
  #misplaced: ConditionKind | null = null;
  /** When it was last used, by the monotonic clock. */
  usedMs = 0;

  constructor(deps: SqliteDatabaseDeps) {
    this.#deps = deps;
    this.#mutex = new DatabaseMutex(deps.loop);
  }

  /** Path of the database file. */
  get path(): string {
    return this.#deps.files.join(this.#deps.directory, this.#deps.name);
  }

  /** True when there is an open connection that is not in use. */
  get isIdle(): boolean {
    return this.#opened !== null && !this.#mutex.isHeld && this.#checkpoint === null;
  }

  /** Reports whether the file is open, or being opened or closed. */
  get isInUse(): boolean {
    return this.#opened !== null || this.#mutex.isHeld;
  }

  /** True when there is an open connection. */
  get isOpen(): boolean {
    return this.#opened !== null;
  }

  async read<T>(body: (reader: Reader) => Promise<T>): Promise<T> {
    await this.#mutex.acquire();
    this.usedMs = this.#deps.clock.monotonic();
    try {
      const { connection } = this.#opened ?? (await this.#openSomehow());
      // What was removed or moved can still be read; in a file that was written over, nothing is what it was.
      if (this.#misplaced === 'fileReplaced') throw this.#misplacedError(this.#misplaced);
      return await this.#attempt(connection, false, body);
    } finally {
      this.#mutex.release();
    }
  }

  async write<T>(body: (tx: Tx) => Promise<T>, space: WriteSpace = 'common'): Promise<T> {
    let result: T;
    let durable: Promise<void>;
    let opened: Opened;
    let callbacks: readonly (() => void)[] | null = null;
    let changed = 0;
    await this.#mutex.acquire();
    this.usedMs = this.#deps.clock.monotonic();
    try {
      opened = this.#opened ?? (await this.#openSomehow());
      const { connection, flush } = opened;
      const onCommit = (tx: Transaction): void => {
        ({ callbacks, changed } = tx);
      };
      if (this.#misplaced !== null) throw this.#misplacedError(this.#misplaced);
      if (space === 'common' && this.#deps.reserve.isShort)
        throw this.#noted(new ConditionError('diskFull', this.path));
      result = await this.#attempt(connection, true, body, onCommit).catch((error: unknown) => {
        if (space === 'common') throw error;
        return this.#withReserve(error, () => this.#attempt(connection, true, body, onCommit));
      });
      durable = flush.committed();
      this.#writesUntilLook -= 1 + changed / changesPerWrite;
      if (this.#writesUntilLook <= 0) this.#lookAtLog(opened);
    } finally {
      this.#mutex.release();
    }
    await durable;
    const keeping = this.#keep(opened);
    if (keeping !== null) await keeping;
    if (callbacks !== null) this.#call(callbacks);
    return result;
  }

  durable(): Promise<void> {
    return this.#opened?.flush.durable() ?? Promise.resolve();
  }

  /** Notices a file that was removed, moved or replaced under the open connection; puts one that was removed back, and goes on when all is well again. */
  async lookAtFile(): Promise<void> {
    const opened = this.#opened;
    if (opened === null || (this.#misplaced === null && opened.watch.look() === 'same')) return;
    // It was noted.
    await this.#putBack(opened).catch(ignore);
  }

  /** Lists what is damaged in the file, a line each. The log is emptied first, and not copied to the file until the file has been read. */
  async integrity(): Promise<string[]> {
    while (this.#checkpoint !== null) await this.#checkpoint;
    const reading = this.#emptyLog().then(() => damagesOf(this.path, this.#closing.signal));
    this.#checkpoint = reading.then(ignore, ignore).finally(() => {
      this.#checkpoint = null;
    });
    return await reading;
  }

  /** Closes the connection once it is not in use; the next use opens it again. */
  rest(): Promise<void> {
    return this.#shut();
  }

  /** Gives all unused pages, and the log, back to the file system, as far as there is room for doing so. */
  async shrink(): Promise<void> {
    // Each round empties the log before, which would grow otherwise while space is short.
    for (let round = 0; round < maxShrinkRounds && this.#opened !== null; round += 1) {
      await this.rest();
      await this.#mutex.acquire();
      try {
        const { connection, flush } = this.#opened ?? (await this.#openSomehow());
        if (!connection.giveBack(this.#deps.limits.giveBackPages, true)) break;
        await flush.committed();
      } catch (error) {
        throw this.#noted(error);
      } finally {
        this.#mutex.release();
      }
    }
    await this.rest();
  }

  /** Closes it for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    await this.#shut();
  }

  async #shut(): Promise<void> {
    while (this.#checkpoint !== null) await this.#checkpoint;
    await this.#mutex.acquire();
    try {
      const opened = this.#opened;
      if (opened === null) return;
      const { flush, watch } = opened;
      await flush.durable().catch(() => undefined);
      const isInPlace = watch.look() === 'same';
      if (!isInPlace) {
        const isKept = await this.#putBackNow(opened).then(
          () => true,
          () => false,
        );
        // At the end of the process there is nothing left to wait for.
        if (this.#opened === null || (!isKept && !this.#isClosed)) return;
      }
      await this.#closeConnection(opened, isInPlace);
    } finally {
      this.#mutex.release();
    }
  }

  /**
   * Closes the connection; the event loop is busy only while pages are copied and the log is removed. To be called with the mutex held.
   * @param isInPlace  The database file has its name.
   */
  async #closeConnection(opened: Opened, isInPlace: boolean): Promise<void> {
    const { connection, flush, file } = opened;
    const isSynced =
      isInPlace &&
      (await this.#copyLog(opened).then(
        () => true,
        (error: unknown) => {
          this.#checkpointFailed(error);
          return false;
        },
      ));
    this.#opened = null;
    // A log that cannot be emptied stays, and is read at the next opening; SQLite tries once more, and syncs by itself.
    try {
      connection.close(isSynced);
    } finally {
      // Only now: the system takes a while to give back the space of a large log, and does so when the last handle of the removed file is closed.
      await flush.close();
      await file.close();
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
    connection.begin(isWrite);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { loop } = this.#deps;
    const tx = new Transaction({ connection, alarm: this.#alarm, loop }, () => {
      connection.rollback();
      reject(new StrayAwait(`a transaction awaited something other than its own statements: ${excerpt(body)}`));
    });
    this.#alarm.watch(tx);
    try {
      body(tx).then(resolve, reject);
      const result = await promise;
      tx.end();
      if (tx.changed >= longCommitRows) await loop.beginSlice();
      connection.commit();
      onCommit?.(tx);
      return result;
    } catch (error) {
      tx.end();
      // Nothing left to do for a stray body, which was rolled back when the alarm rang.
      connection.rollback();
      throw this.#noted(error);
    }
  }

  /** Does work again with the space that is kept back, when it failed for want of space and there is some. @throws `error` otherwise. */
  async #withReserve<T>(error: unknown, work: () => Promise<T>): Promise<T> {
    const isFull = error instanceof ConditionError && (error.kind === 'diskFull' || error.kind === 'quotaReached');
    if (!isFull || !(await this.#deps.reserve.release())) throw error;
    return await work();
  }

  /** Returns the condition that an error stands for, noted, or the error itself. */
  #noted(error: unknown): unknown {
    const known = conditionOf(error, this.path, () => probeDirectory(this.#deps.directory));
    if (known instanceof ConditionError) this.#deps.conditions.note(known);
    return known;
  }

  /** Makes sure that what was flushed is at its path, once for all commits of a flush: null when it is. */
  #keep(opened: Opened): Promise<void> | null {
    const { flush, watch } = opened;
    if (opened.lookedAfter === flush.flushes) return opened.keeping;
    opened.lookedAfter = flush.flushes;
    opened.keeping = watch.look() === 'same' ? null : this.#putBack(opened);
    return opened.keeping;
  }

  async #putBack(opened: Opened): Promise<void> {
    await this.#mutex.acquire();
    try {
      if (this.#opened === opened) await this.#putBackNow(opened);
    } finally {
      this.#mutex.release();
    }
  }

  /**
   * Brings a database that was removed back to its path, as it is in this moment, and closes the connection: the next use opens the new file. To be called
   * with the mutex held. @throws ConditionError for a file that was moved or replaced, or cannot be put back.
   */
  async #putBackNow(opened: Opened): Promise<void> {
    const state = opened.watch.look();
    if (state === 'same') {
      this.#misplaced = null;
      return;
    }
    this.#misplaced = state === 'replaced' ? 'fileReplaced' : 'fileRemoved';
    if (state === 'away' || state === 'replaced') throw this.#misplacedError(this.#misplaced);
    const { files, log, directory, root } = this.#deps;
    const { connection, flush } = opened;
    // In any case it is logged that it happened.
    const removed = this.#misplacedError(this.#misplaced);
    try {
      // A log that was removed is whole in the database once it was emptied, which closing does.
      if (state === 'removed') await putBack({ files, connection, path: this.path, directory, root });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn('sqlite.notPutBack', { path: this.path, reason });
      this.#noted(error);
      throw removed;
    }
    // Commits that still wait for a flush are in the copy, too.
    await flush.durable().catch(ignore);
    // SQLite neither empties the log into a file that has no name, nor removes it.
    await this.#closeConnection(opened, state === 'logRemoved');
    if (state === 'removed') await removeStaleLog({ files, path: this.path, directory });
    this.#misplaced = null;
    log.warn('sqlite.putBack', { path: this.path });
  }

  #misplacedError(kind: ConditionKind): unknown {
    return this.#noted(new ConditionError(kind, this.path));
  }

  /** As `#open`; a full disk is no reason not to read. */
  async #openSomehow(): Promise<Opened> {
    try {
      return await this.#open();
    } catch (error) {
      return await this.#withReserve(this.#noted(error), () => this.#open());
    }
  }

  async #open(): Promise<Opened> {
    const { files, directory, migrations, cacheBytes, limits, onFatal, onOpen } = this.#deps;
    if (this.#isClosed) throw new Error(`${this.path} is closed`);
    if (this.mustExist) await this.#requireFile();
    else {
      await files.ensureDirectory(directory);
      if ((await files.facts(this.path)) === null) await this.#make();
    }
    const connection = new Connection(this.path, migrations, cacheBytes, limits);
    let flush: LogFlush | null = null;
    let file: SyncHandle | null = null;
    let watch: FileWatch;
    try {
      const handle = await files.openForSync(`${this.path}-wal`);
      flush = new LogFlush(handle, onFatal);
      file = await files.openForSync(this.path);
      watch = new FileWatch(this.path, file, handle);
      // The schema may have just been written, and the files just made: they are part of whatever is acknowledged later.
      await flush.committed();
      await files.syncDirectory(directory);
    } catch (error) {
      // What is in the log may be of use to the next opening, and may not be durable yet.
      connection.close(false);
      await flush?.close();
      await file?.close();
      throw error;
    }
    this.#opened = { connection, flush, file, watch, lookedAfter: flush.flushes, keeping: null };
    this.#lookAtLog(this.#opened);
    onOpen();
    return this.#opened;
  }

  /** Makes the file with its schema. SQLite would sync a new one ten times on the event loop, a tenth of a second on a busy disk. */
  async #make(): Promise<void> {
    const { files, directory, migrations, cacheBytes, limits } = this.#deps;
    // A log that outlived its database would be taken for that of the new file.
    if ((await files.facts(`${this.path}-wal`)) !== null) await removeStaleLog({ files, path: this.path, directory });
    await publishDatabase(files, this.path, async (temporary) => {
      new Connection(temporary, migrations, cacheBytes, limits, 'unsynced').close(true);
    });
  }

  /** @throws DatabaseMissing. SQLite would take a missing file, and one of no bytes, for a new database. */
  async #requireFile(): Promise<void> {
    const facts = await this.#deps.files.facts(this.path);
    if (facts === null) throw new DatabaseMissing(`${this.path} is missing`);
    if (facts.sizeBytes === 0) throw new DatabaseMissing(`${this.path} is empty`);
  }

  /** Starts a checkpoint when the log has grown. */
  #lookAtLog({ connection }: Opened): void {
    const { limits } = this.#deps;
    this.#writesUntilLook = limits.writesPerLook;
    const pages = connection.logPages();
    const bytes = pages === null ? limits.checkpointBytes : pages * limits.pageBytes;
    if (pages === null) this.#writesUntilLook = writesPerBlindCheckpoint;
    // A checkpoint may have to grow the file: there is no use in trying that while there is no room.
    const isDue = bytes >= limits.checkpointBytes || this.#givenBackBytes >= limits.cutBytes;
    if (!isDue || this.#checkpoint !== null || this.#deps.reserve.isShort) return;
    if (this.#deps.clock.monotonic() < this.#checkpointAfterMs) return;
    this.#checkpoint = this.#emptyLog()
      .catch((error: unknown) => this.#checkpointFailed(error))
      .finally(() => {
        this.#checkpoint = null;
        if (!this.#isGivingBack) void this.#giveBack();
      });
  }

  #checkpointFailed(error: unknown): void {
    this.#checkpointAfterMs = this.#deps.clock.monotonic() + checkpointPauseMs;
    const known = this.#noted(error);
    if (!(known instanceof ConditionError)) this.#deps.log.error('sqlite.checkpointFailed', { path: this.path }, known);
  }

  /** Returns pages left unused by mass deletions to the file system, a few at a time, so that others get the mutex in between. */
  async #giveBack(): Promise<void> {
    this.#isGivingBack = true;
    try {
      for (let durable: Promise<void> | null = null; ; await durable) {
        await this.#mutex.acquire();
        try {
          await this.#deps.loop.beginSlice();
          const opened = this.#opened;
          const { giveBackPages, pageBytes } = this.#deps.limits;
          if (opened === null || !opened.connection.giveBack(giveBackPages)) break;
          this.#givenBackBytes += giveBackPages * pageBytes;
          durable = opened.flush.committed();
          this.#lookAtLog(opened);
        } finally {
          this.#mutex.release();
        }
      }
    } catch (error) {
      this.#deps.log.error('sqlite.giveBackFailed', { path: this.path }, error);
    }
    this.#isGivingBack = false;
  }

  /** Readers and writers of this database wait meanwhile; the event loop is busy only while pages are copied, never while they are synced. */
  async #emptyLog(): Promise<void> {
    await this.#mutex.acquire();
    try {
      if (this.#opened !== null) await this.#moveLog(this.#opened);
    } finally {
      this.#mutex.release();
    }
  }

  /** To be called with the mutex held: log durable, then pages copied, then the database file durable, then the log's new beginning, and only then the next write. */
  async #moveLog(opened: Opened): Promise<void> {
    await this.#copyLog(opened);
    opened.connection.beginLog();
    await opened.flush.committed();
  }

  /** To be called with the mutex held: log durable, then pages copied, then the database file durable. */
  async #copyLog({ connection, flush, file, watch }: Opened): Promise<void> {
    await flush.durable();
    await this.#deps.loop.beginSlice();
    watch.beginWriting();
    try {
      connection.moveLog();
      this.#givenBackBytes = 0;
      await flush.also(file);
    } finally {
      watch.endWriting();
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

function ignore(): void {}

const checkpointPauseMs = 30_000;
/** Rows that a usual transaction changes: one that changes many more counts as several when the log's size is looked at. */
const changesPerWrite = 16;
/** Rows changed by a transaction whose end takes a while. */
const longCommitRows = 64;
const maxShrinkRounds = 64;
/** Transactions between two checkpoints when the log's size is not known. */
const writesPerBlindCheckpoint = 2048;

/** The beginning of a body's source, to name the culprit without paying for a stack trace in each transaction. */
function excerpt(body: (tx: Tx) => Promise<unknown>): string {
  return Function.prototype.toString.call(body).replace(/\s+/g, ' ').slice(0, 200);
}
