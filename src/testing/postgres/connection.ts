import { Client as PgClient, types as pgTypes, type CustomTypesConfig, type QueryConfig } from 'pg';
import type { Sql, SqlValue } from '#ports/database';
import type { Statements } from '#testing/watched-transaction';
import { clusterUser } from './cluster.ts';
import { numbered } from './numbered.ts';

/** Kinds of tables, each in a schema of its own. */
export type SchemaKind = 'server' | 'account';

/** Schemas of the two kinds of tables, in the dialect of PostgreSQL. */
export type PostgresMigrations = Readonly<Record<SchemaKind, readonly { readonly sql: string }[]>>;

/** A client with two methods that its types lack: an idle connection must not keep the process alive. */
type Client = PgClient & { ref(): void; unref(): void };

let schemas = 0;

/** Connections whose schemas are empty again, by their migrations: making tables takes PostgreSQL longer than most tests run. */
const idle = new WeakMap<PostgresMigrations, Connection[]>();

/**
 * One connection, with two new schemas of its own. Values come back as from SQLite: integers, sums and truth as numbers, bytes as `Uint8Array`.
 */
export class Connection implements Statements {
  readonly #client: Client;
  readonly #migrations: PostgresMigrations;
  readonly #prefix: string;
  /** Statements that bring the schemas back to their beginning. */
  #reset = '';
  #kind: SchemaKind = 'server';
  /** Names of prepared statements, by schema and text. */
  readonly #prepared = new Map<string, { readonly name: string; readonly text: string }>();

  private constructor(client: Client, migrations: PostgresMigrations, prefix: string) {
    this.#client = client;
    this.#migrations = migrations;
    this.#prefix = prefix;
  }

  /** Connects and makes the schemas, one migration after the other, or takes those that another store has left. */
  static async open(directory: string, migrations: PostgresMigrations): Promise<Connection> {
    const left = idle.get(migrations)?.pop();
    if (left !== undefined) {
      left.#client.ref();
      return left;
    }
    const client = new PgClient({ host: directory, user: clusterUser, database: 'postgres' }) as Client;
    await client.connect();
    // The server may end before an idle connection does.
    client.on('error', () => undefined);
    schemas += 1;
    const connection = new Connection(client, migrations, `store_${process.pid}_${schemas}`);
    await connection.#make();
    return connection;
  }

  async #make(): Promise<void> {
    for (const kind of ['server', 'account'] as const) {
      await this.#client.query(`CREATE SCHEMA ${this.#schema(kind)}; SET search_path TO ${this.#schema(kind)}`);
      for (const { sql } of this.#migrations[kind]) await this.#client.query(sql);
    }
    const schemas = `('${this.#schema('server')}', '${this.#schema('account')}')`;
    const tables = await this.#client.query<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ${schemas}`,
    );
    const sequences = await this.#client.query<{ name: string }>(
      `SELECT schemaname || '.' || sequencename AS name FROM pg_sequences WHERE schemaname IN ${schemas}`,
    );
    const reset: string[] = [];
    for (const { name } of tables.rows) {
      // What migrations wrote belongs to the new store, too.
      const { rowCount } = await this.#client.query(`SELECT 1 FROM ${name} LIMIT 1`);
      if (rowCount === 0) reset.push(`DELETE FROM ${name}`);
    }
    for (const { name } of sequences.rows) reset.push(`SELECT setval('${name}', 1, false)`);
    this.#reset = reset.join('; ');
  }

  /** Begins a transaction on the tables of one kind. */
  async begin(kind: SchemaKind): Promise<void> {
    this.#kind = kind;
    await this.#client.query(`BEGIN; SET LOCAL search_path TO ${this.#schema(kind)}`);
  }

  async commit(): Promise<void> {
    await this.#client.query('COMMIT');
  }

  async rollback(): Promise<void> {
    await this.#client.query('ROLLBACK');
  }

  async all(statement: Sql): Promise<unknown[]> {
    return (await this.#client.query({ ...this.#query(statement), types })).rows;
  }

  async arrays(statement: Sql): Promise<SqlValue[][]> {
    return (await this.#client.query<SqlValue[]>({ ...this.#query(statement), types, rowMode: 'array' })).rows;
  }

  /** @returns the number of rows changed. */
  async run(statement: Sql): Promise<number> {
    return (await this.#client.query(this.#query(statement))).rowCount ?? 0;
  }

  /** Runs statements without values, separated by semicolons. */
  async exec(text: string): Promise<void> {
    await this.#client.query(text);
  }

  /** Tables of accounts. */
  async accountTables(): Promise<readonly string[]> {
    const { rows } = await this.#client.query<[string]>({
      text: `SELECT table_name FROM information_schema.columns WHERE table_schema = $1 AND column_name = 'account' ORDER BY 1`,
      values: [this.#schema('account')],
      rowMode: 'array',
    });
    return rows.map(([name]) => name);
  }

  /** Empties the schemas and leaves the connection to the next store with the same migrations. */
  async close(): Promise<void> {
    try {
      await this.#client.query(this.#reset);
    } catch {
      // A test changed the schema.
      await this.#client.end();
      return;
    }
    this.#client.unref();
    const others = idle.get(this.#migrations) ?? [];
    idle.set(this.#migrations, others);
    others.push(this);
  }

  #schema(kind: SchemaKind): string {
    return `${this.#prefix}_${kind}`;
  }

  #query({ text, values }: Sql): QueryConfig {
    const key = `${this.#kind} ${text}`;
    let prepared = this.#prepared.get(key);
    if (prepared === undefined) {
      prepared = { name: `s${this.#prepared.size}`, text: numbered(text) };
      this.#prepared.set(key, prepared);
    }
    return { ...prepared, values: values.map((value) => (typeof value === 'boolean' ? Number(value) : value)) };
  }
}

const { builtins } = pgTypes;
const parsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, Number],
  [builtins.NUMERIC, Number],
  [builtins.BOOL, (text) => Number(text === 't')],
  [builtins.BYTEA, (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))],
]);

/** Readers of values, by type. */
const types: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsers.get(oid) ?? pgTypes.getTypeParser(oid, format === 'binary' ? 'text' : format),
};
