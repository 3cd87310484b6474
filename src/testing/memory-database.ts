import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Turns } from '#lib/turns';
import type { Database, Reader, Sql, SqlValue, Tx } from '#ports/database';

type Bound = string | number | bigint | null | Uint8Array;

/** SQLite in memory behind the `Database` port: everything settles within the microtask queue, so simulations are exact and fast. */
export class MemoryDatabase implements Database {
  readonly dialect = 'sqlite';
  /** For checks that look behind the port. */
  readonly raw = new DatabaseSync(':memory:');
  /** Every statement that was run, for checks of query plans. */
  readonly texts = new Set<string>();
  readonly #turns = new Turns();
  readonly #prepared = new Map<string, StatementSync>();

  constructor(migrations: readonly { readonly sql: string }[]) {
    for (const { sql } of migrations) this.raw.exec(sql);
  }

  read<T>(body: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#turns.run(() => body(this.#reader()));
  }

  write<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      const callbacks: (() => void)[] = [];
      const run = (statement: Sql): Promise<number> =>
        Promise.resolve(Number(this.#prepare(statement).run(...bound(statement)).changes));
      this.raw.exec('BEGIN');
      let result: T;
      try {
        result = await body({ ...this.#reader(), run, afterCommit: (fn) => void callbacks.push(fn) });
      } catch (error) {
        this.raw.exec('ROLLBACK');
        throw error;
      }
      this.raw.exec('COMMIT');
      for (const callback of callbacks) callback();
      return result;
    });
  }

  durable(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.ended();
    this.raw.close();
  }

  #prepare(statement: Sql): StatementSync {
    this.texts.add(statement.text);
    const known = this.#prepared.get(statement.text) ?? this.raw.prepare(statement.text);
    this.#prepared.set(statement.text, known);
    return known;
  }

  #reader(): Reader {
    const rows = (statement: Sql): unknown[] =>
      this.#prepare(statement)
        .all(...bound(statement))
        .map((row) => ({ ...row }));
    return {
      all: <Row>(statement: Sql) => Promise.resolve(rows(statement) as Row[]),
      get: <Row>(statement: Sql) => Promise.resolve(rows(statement)[0] as Row | undefined),
      arrays: (statement) =>
        Promise.resolve(rows(statement).map((row) => Object.values(row as Record<string, SqlValue>))),
    };
  }
}

function bound(statement: Sql): Bound[] {
  return statement.values.map((value) => (typeof value === 'boolean' ? Number(value) : value));
}
