import { accountId, type AccountId } from '#lib/ids';
import { Mutex } from '#lib/mutex';
import {
  DatabaseMissing,
  type Database,
  type Databases,
  type Reader,
  type Sql,
  type SqlValue,
  type Tx,
} from '#ports/database';
import type { Log } from '#ports/log';
import { callAll, type TestDatabase } from '#testing/memory-database';
import { outsideWork } from '#testing/outside-work';
import { runBody, type BodyResult } from '#testing/watched-transaction';
import { Connection, type PostgresMigrations, type SchemaKind } from './connection.ts';
import { statementsRun } from './statements-run.ts';

/** Dependencies of the databases of one store. */
export interface PostgresDeps {
  /** Directory of the server's socket (`startPostgres`). */
  readonly directory: string;
  readonly migrations: PostgresMigrations;
  readonly log: Log;
}

/**
 * The `Databases` port on PostgreSQL, for tests: the server's tables in one schema, those of all accounts in another, so a statement that
 * forgets its account meets the rows of others. One connection, opened at first use; one transaction runs at a time.
 */
export class PostgresDatabases implements Databases {
  readonly server: TestDatabase;
  readonly #mutex = new Mutex();
  readonly #accounts = new Map<AccountId, PostgresDatabase>();
  readonly #deps: PostgresDeps;
  #connection: Promise<Connection> | null = null;
  #isClosed = false;

  constructor(deps: PostgresDeps) {
    this.#deps = deps;
    this.server = this.#database(null, () => this[Symbol.asyncDispose]());
  }

  account(id: AccountId, mustExist = false): Promise<Database> {
    const database = this.#accounts.get(id) ?? this.#database(id, () => Promise.resolve());
    database.mustExist ||= mustExist;
    this.#accounts.set(id, database);
    return Promise.resolve(database);
  }

  accountIds(): Promise<ReadonlySet<AccountId>> {
    return this.#onAccounts(async (connection) => {
      const ids = new Set<AccountId>();
      for (const table of await connection.accountTables()) {
        const rows = await connection.arrays({ text: `SELECT DISTINCT account FROM ${table}`, values: [] });
        for (const [id] of rows) ids.add(accountId(Number(id)));
      }
      return ids;
    });
  }

  /** Finds nothing: PostgreSQL looks after its own files. */
  integrity(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async peek<Row>(id: AccountId, statement: Sql): Promise<readonly Row[] | null> {
    if (this.#accounts.has(id)) return null;
    return await this.#onAccounts(async (connection) => (await connection.all(statement)) as Row[]);
  }

  async drop(id: AccountId): Promise<void> {
    this.#accounts.delete(id);
    await this.#onAccounts(async (connection) => {
      for (const table of await connection.accountTables())
        await connection.run({ text: `DELETE FROM ${table} WHERE account = ?`, values: [id] });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#mutex.idle();
    const connection = await this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  #database(account: AccountId | null, close: () => Promise<void>): PostgresDatabase {
    return new PostgresDatabase({ account, log: this.#deps.log, exclusive: (body) => this.#exclusive(body), close });
  }

  /** Runs our own statements on the tables of accounts. */
  #onAccounts<T>(body: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#exclusive((connection) => inTransaction(connection, 'account', () => body(connection)));
  }

  #exclusive<T>(body: (connection: Connection) => Promise<T>): Promise<T> {
    return outsideWork.track(
      this.#mutex.run(async () => {
        if (this.#isClosed && this.#connection === null) throw new Error('the database is closed');
        this.#connection ??= Connection.open(this.#deps.directory, this.#deps.migrations);
        return await body(await this.#connection);
      }),
    );
  }
}

interface DatabaseDeps {
  /** Null for the tables of the server. */
  readonly account: AccountId | null;
  readonly log: Log;
  readonly exclusive: <T>(body: (connection: Connection) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** The tables of the server, or one account's rows in those of all accounts. */
class PostgresDatabase implements TestDatabase {
  readonly dialect = 'postgres';
  readonly texts = new Set<string>();
  readonly #deps: DatabaseDeps;
  /** Its rows were there before: without them nothing is made anew. */
  mustExist = false;

  constructor(deps: DatabaseDeps) {
    this.#deps = deps;
  }

  async read<T>(body: (reader: Reader) => Promise<T>): Promise<T> {
    return await this.#deps.exclusive(async (connection) => (await this.#transaction(connection, body)).result);
  }

  async write<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    const { result, callbacks } = await this.#deps.exclusive((connection) => this.#transaction(connection, body));
    callAll(callbacks, this.#deps.log);
    return result;
  }

  /** A commit is durable, or as good as: the tests' server lives as long as they do. */
  durable(): Promise<void> {
    return Promise.resolve();
  }

  rows(text: string, ...values: readonly (string | number)[]): Promise<Record<string, SqlValue>[]> {
    return this.#own(async (connection) => (await connection.all({ text, values })) as Record<string, SqlValue>[]);
  }

  exec(text: string): Promise<void> {
    return this.#own((connection) => connection.exec(text));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#deps.close();
  }

  #own<T>(body: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#deps.exclusive((connection) => inTransaction(connection, this.#kind, () => body(connection)));
  }

  get #kind(): SchemaKind {
    return this.#deps.account === null ? 'server' : 'account';
  }

  #transaction<T>(connection: Connection, body: (tx: Tx) => Promise<T>): Promise<BodyResult<T>> {
    const { account } = this.#deps;
    return inTransaction(connection, this.#kind, async () => {
      if (account !== null && this.mustExist && !(await hasRows(connection, account)))
        throw new DatabaseMissing(`account ${account} has no rows`);
      return await runBody(connection, body, (text) => {
        this.texts.add(text);
        statementsRun.add(text);
      });
    });
  }
}

async function inTransaction<T>(connection: Connection, kind: SchemaKind, body: () => Promise<T>): Promise<T> {
  await connection.begin(kind);
  let result: T;
  try {
    result = await body();
  } catch (error) {
    await connection.rollback();
    throw error;
  }
  await connection.commit();
  return result;
}

async function hasRows(connection: Connection, id: AccountId): Promise<boolean> {
  for (const table of await connection.accountTables()) {
    const rows = await connection.arrays({ text: `SELECT 1 FROM ${table} WHERE account = ? LIMIT 1`, values: [id] });
    if (rows.length > 0) return true;
  }
  return false;
}
