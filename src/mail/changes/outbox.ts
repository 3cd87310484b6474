import type { AccountId } from '#lib/ids';
import { sql, type Database, type Tx } from '#ports/database';

/** Work for another database. Its `id` makes repeating harmless: whoever does the work remembers it. */
export interface OutboxEntry {
  readonly id: number;
  /** What is to be done, such as `submit`. */
  readonly kind: string;
  /** JSON, as the kind defines it. */
  readonly body: string;
  readonly createdMs: number;
  readonly attempts: number;
}

/** Writes an entry in the transaction in which the work arises; `id` is a row id taken with `advance`. */
export async function addToOutbox(
  tx: Tx,
  account: AccountId,
  entry: { readonly id: number; readonly kind: string; readonly body: string; readonly createdMs: number },
): Promise<void> {
  const { id, kind, body, createdMs } = entry;
  await tx.run(
    sql`INSERT INTO outbox (account, id, kind, body, created_ms, due_ms, attempts)
      VALUES (${account}, ${id}, ${kind}, ${body}, ${createdMs}, ${createdMs}, 0)`,
  );
}

/** The relay's side of an account's outbox. */
export class Outbox {
  readonly #account: AccountId;
  readonly #db: Database;

  constructor(account: AccountId, db: Database) {
    this.#account = account;
    this.#db = db;
  }

  /** Entries to carry over now, oldest first, durable. */
  async due(nowMs: number, limit = 100): Promise<OutboxEntry[]> {
    const entries = await this.#db.read((reader) =>
      reader.all<OutboxEntry>(
        sql`SELECT id, kind, body, created_ms AS "createdMs", attempts FROM outbox
          WHERE account = ${this.#account} AND due_ms <= ${nowMs} ORDER BY due_ms LIMIT ${limit}`,
      ),
    );
    await this.#db.durable();
    return entries;
  }

  /** The work is done and durable on the other side. */
  async done(id: number): Promise<void> {
    await this.#db.write((tx) => tx.run(sql`DELETE FROM outbox WHERE account = ${this.#account} AND id = ${id}`));
  }

  /** The work failed for now. */
  async retry(id: number, dueMs: number): Promise<void> {
    await this.#db.write((tx) =>
      tx.run(
        sql`UPDATE outbox SET attempts = attempts + 1, due_ms = ${dueMs} WHERE account = ${this.#account} AND id = ${id}`,
      ),
    );
  }
}
