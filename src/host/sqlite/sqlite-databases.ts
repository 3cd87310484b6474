import { conditionOf } from '#host/conditions';
import { noReserve, type DiskReserve } from '#host/disk-reserve';
import { systemLoop } from '#host/event-loop';
import { Files } from '#host/files';
import { accountId, type AccountId } from '#lib/ids';
import type { Clock } from '#ports/clock';
import { ConditionError, ignoreConditions, type ConditionSink } from '#ports/conditions';
import type { Database, Databases, Sql } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import { defaultSqliteLimits, type SqliteLimits } from './limits.ts';
import type { Migration } from './migrations.ts';
import { peekAt } from './peek.ts';
import { SqliteDatabase } from './sqlite-database.ts';

/** Dependencies of the databases of one server. */
export interface OpenDatabasesDeps {
  /** Holds `server.db` and `accounts/<id>/account.db`; made when missing. */
  readonly directory: string;
  readonly files?: Files;
  readonly log: Log;
  readonly clock: Clock;
  /** Default: the loop of this process. */
  readonly loop?: EventLoop;
  readonly migrations: { readonly server: readonly Migration[]; readonly account: readonly Migration[] };
  readonly limits?: Partial<SqliteLimits>;
  /** Space kept back for writes that free some. */
  readonly reserve?: DiskReserve;
  readonly conditions?: ConditionSink;
  /** Goes on with a server's database that cannot be opened, whose every use fails: for the check. */
  readonly toleratesDamage?: boolean;
  /**
   * Called when a log could not be flushed. Nothing that was acknowledged is lost, and nothing is acknowledged any more:
   * every write rejects, so the process should end. It is logged in any case.
   */
  readonly onFatal?: (error: Error) => void;
}

/** Databases in files, which can be made smaller. */
export interface ShrinkableDatabases extends Databases {
  /** Gives unused space inside of open databases back to the file system; one that cannot do so does not keep the others from it. */
  shrink(): Promise<void>;
  /** Notices files of open databases that were removed, moved or replaced; puts back what can be. Each is noted as a condition. */
  lookAtFiles(): Promise<void>;
  /** Returns the path of the database of an account when nothing is there and it is not open; null otherwise. */
  missingFile(id: AccountId): Promise<string | null>;
}

/**
 * Opens the server's database, migrated and durable; account databases open at first use.
 * @throws NewerSchema when a newer program wrote it, SQLite's errors when it cannot be opened.
 */
export async function openDatabases(deps: OpenDatabasesDeps): Promise<ShrinkableDatabases> {
  const databases = new SqliteDatabases(deps);
  try {
    await databases.server.read(async () => undefined);
  } catch (error) {
    if (deps.toleratesDamage === true && error instanceof ConditionError) return databases;
    await databases[Symbol.asyncDispose]();
    throw error;
  }
  return databases;
}

class SqliteDatabases implements ShrinkableDatabases {
  readonly server: Database;
  readonly #deps: OpenDatabasesDeps;
  readonly #files: Files;
  readonly #limits: SqliteLimits;
  readonly #server: SqliteDatabase;
  readonly #accounts = new Map<AccountId, SqliteDatabase>();
  #openAccounts = 0;

  constructor(deps: OpenDatabasesDeps) {
    this.#deps = deps;
    this.#files = deps.files ?? new Files();
    this.#limits = { ...defaultSqliteLimits, ...deps.limits };
    this.#server = this.#database(
      deps.directory,
      'server.db',
      deps.migrations.server,
      this.#limits.serverCacheBytes,
      noop,
    );
    this.server = this.#server;
  }

  async account(id: AccountId, mustExist = false): Promise<Database> {
    const known = this.#accounts.get(id);
    if (known !== undefined) {
      known.mustExist ||= mustExist;
      return known;
    }
    const { accountCacheBytes } = this.#limits;
    const { account } = this.#deps.migrations;
    const database = this.#database(this.#directoryOf(id), 'account.db', account, accountCacheBytes, () =>
      this.#onOpen(),
    );
    database.mustExist = mustExist;
    this.#accounts.set(id, database);
    return database;
  }

  async accountIds(): Promise<ReadonlySet<AccountId>> {
    const ids = new Set<AccountId>();
    for (const { name, isDirectory } of await this.#files.list(this.#files.join(this.#deps.directory, 'accounts'))) {
      if (!isDirectory || !/^[1-9][0-9]{0,15}$/.test(name)) continue;
      const id = accountId(Number(name));
      const facts = await this.#files.facts(this.#files.join(this.#directoryOf(id), 'account.db'));
      if (facts !== null && facts.sizeBytes > 0) ids.add(id);
    }
    return ids;
  }

  async integrity(id: AccountId | 'server'): Promise<readonly string[]> {
    if (id === 'server') return this.#server.integrity();
    await this.account(id);
    return (await this.#accounts.get(id)?.integrity()) ?? [];
  }

  async peek<Row>(id: AccountId, statement: Sql): Promise<readonly Row[] | null> {
    if (this.#accounts.get(id)?.isInUse === true) return null;
    return peekAt(this.#files.join(this.#directoryOf(id), 'account.db'), statement) as readonly Row[] | null;
  }

  async drop(id: AccountId): Promise<void> {
    // A damaged one goes, too.
    await this.#accounts.get(id)?.close().catch(ignore);
    this.#accounts.delete(id);
    try {
      await this.#remove(id);
    } catch (error) {
      const known = conditionOf(error, this.#directoryOf(id));
      if (known instanceof ConditionError) this.#deps.conditions?.note(known);
      throw known;
    }
  }

  async #remove(id: AccountId): Promise<void> {
    // The database before its log: a log without a database is nothing, a database without its log would be an older state.
    for (const name of ['account.db', 'account.db-wal', 'account.db-shm']) {
      await this.#files.erase(this.#files.join(this.#directoryOf(id), name));
    }
    await this.#files.removeTree(this.#directoryOf(id));
    await this.#files.syncDirectory(this.#files.join(this.#deps.directory, 'accounts')).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
  }

  async shrink(): Promise<void> {
    for (const database of [this.#server, ...this.#accounts.values()]) {
      await database.shrink().catch((error: unknown) => {
        if (!(error instanceof ConditionError)) throw error;
      });
    }
  }

  async lookAtFiles(): Promise<void> {
    const { loop = systemLoop } = this.#deps;
    for (const database of [this.#server, ...this.#accounts.values()]) {
      await database.lookAtFile();
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
  }

  async missingFile(id: AccountId): Promise<string | null> {
    const path = this.#files.join(this.#directoryOf(id), 'account.db');
    if (this.#accounts.get(id)?.isInUse === true || (await this.#files.facts(path)) !== null) return null;
    // It may have been opened meanwhile, and then it is noticed with the open ones.
    return this.#accounts.get(id)?.isInUse === true ? null : path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of [this.#server, ...this.#accounts.values()]) {
      // One that is damaged must not keep the others open; its log stays, and is used at the next start.
      await database
        .close()
        .catch((error: unknown) =>
          this.#deps.log.warn('sqlite.closeFailed', { path: database.path, reason: String(error) }),
        );
    }
  }

  #directoryOf(id: AccountId): string {
    return this.#files.join(this.#deps.directory, 'accounts', String(id));
  }

  #database(
    directory: string,
    name: string,
    migrations: readonly Migration[],
    cacheBytes: number,
    onOpen: () => void,
  ): SqliteDatabase {
    const { clock, log, loop = systemLoop, onFatal, reserve = noReserve, conditions = ignoreConditions } = this.#deps;
    return new SqliteDatabase({
      directory,
      root: this.#deps.directory,
      name,
      files: this.#files,
      clock,
      loop,
      log,
      migrations,
      cacheBytes,
      limits: this.#limits,
      reserve,
      conditions,
      onFatal: (error) => {
        log.error('sqlite.flushFailed', { directory }, error);
        onFatal?.(error);
      },
      onOpen,
    });
  }

  /** Closes the tenth that was not used for longest once too many are open, so that the scan is rare. */
  #onOpen(): void {
    this.#openAccounts += 1;
    if (this.#openAccounts <= this.#limits.maxOpenAccounts) return;
    const open = [...this.#accounts.values()].filter((database) => database.isOpen);
    const idle = open.filter((database) => database.isIdle).sort((a, b) => a.usedMs - b.usedMs);
    const surplus = idle.slice(0, Math.max(1, Math.ceil(this.#limits.maxOpenAccounts / 10)));
    this.#openAccounts = open.length - surplus.length;
    for (const database of surplus) {
      database.rest().catch((error: unknown) => this.#deps.log.error('sqlite.closeFailed', {}, error));
    }
  }
}

function noop(): void {}

function ignore(): void {}
