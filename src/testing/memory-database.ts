import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Mutex } from '#lib/mutex';
import type { Database, Reader, Sql, SqlValue, Tx } from '#ports/database';
import type { Log } from '#ports/log';
import { FakeLog } from './fake-log.ts';
import { runBody, type BodyResult, type Statements } from './watched-transaction.ts';

type Bound = string | number | bigint | null | Uint8Array;

/** A database whose tests look behind the port. */
export interface TestDatabase extends Database {
  /** Text of every statement that came through the port. */
  readonly texts: Set<string>;
  /** Runs a statement of a test: `?` stands for each value. */
  rows(text: string, ...values: readonly (string | number)[]): Promise<Record<string, SqlValue>[]>;
  /** Runs statements of a test that return nothing, separated by semicolons. */
  exec(text: string): Promise<void>;
}

/** SQLite in memory behind the `Database` port: everything settles within the microtask queue, so simulations are exact and fast. */
export class MemoryDatabase implements TestDatabase {
  readonly dialect = 'sqlite';
  readonly raw = new DatabaseSync(':memory:');
  readonly texts = new Set<string>();
  readonly #log: Log;
  readonly #mutex = new Mutex();
  readonly #prepared = new Map<string, StatementSync>();
  readonly #statements: Statements = {
    all: async (statement) => this.#all(statement),
    arrays: async (statement) => this.#all(statement).map((row) => Object.values(row)),
    run: async (statement) => Number(this.#prepare(statement).run(...bound(statement)).changes),
  };

  /** @param log  Gets the errors of callbacks after a commit. */
  constructor(migrations: readonly { readonly sql: string }[], log: Log = new FakeLog()) {
    this.#log = log;
    for (const { sql } of migrations) this.raw.exec(sql);
  }

  async read<T>(body: (reader: Reader) => Promise<T>): Promise<T> {
    return (await this.#transaction(body)).result;
  }

  async write<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    const { result, callbacks } = await this.#transaction(body);
    callAll(callbacks, this.#log);
    return result;
  }

  durable(): Promise<void> {
    return Promise.resolve();
  }

  rows(text: string, ...values: readonly (string | number)[]): Promise<Record<string, SqlValue>[]> {
    const rows = this.raw.prepare(text).all(...values);
    return Promise.resolve(rows.map((row) => ({ ...row })));
  }

  exec(text: string): Promise<void> {
    this.raw.exec(text);
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mutex.idle();
    this.raw.close();
  }

  #transaction<T>(body: (tx: Tx) => Promise<T>): Promise<BodyResult<T>> {
    return this.#mutex.run(async () => {
      this.raw.exec('BEGIN');
      try {
        const ended = await runBody(this.#statements, body, (text) => this.texts.add(text));
        this.raw.exec('COMMIT');
        return ended;
      } catch (error) {
        this.raw.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #prepare(statement: Sql): StatementSync {
    const known = this.#prepared.get(statement.text) ?? this.raw.prepare(statement.text);
    this.#prepared.set(statement.text, known);
    return known;
  }

  #all(statement: Sql): Record<string, SqlValue>[] {
    return this.#prepare(statement)
      .all(...bound(statement))
      .map((row) => ({ ...row }));
  }
}

/** Calls what was to be called after a commit; what one throws is logged, and the others are called all the same. */
export function callAll(callbacks: readonly (() => void)[], log: Log): void {
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      log.error('database.callbackFailed', {}, error);
    }
  }
}

function bound(statement: Sql): Bound[] {
  return statement.values.map((value) => (typeof value === 'boolean' ? Number(value) : value));
}
