import type { AccountId } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import { bodyOf, type OutgoingEvent } from './outgoing-event.ts';

const defaultMaxRows = 10_000;
/** The oldest are looked for once in so many rows of an account: it costs more than writing one. */
const rowsPerTrim = 250;

/** Keeps events for webhooks. */
export class WebhookOutbox {
  readonly #maxRows: number;
  /** Rows since the oldest were looked for, by account. */
  readonly #untrimmed = new Map<AccountId, number>();

  /** @param options.maxRows  the latest rows that are kept of an account; a few hundred more may be there for a while. */
  constructor(options: { readonly maxRows?: number } = {}) {
    this.#maxRows = options.maxRows ?? defaultMaxRows;
  }

  /** Adds events, due at once, within a transaction of the caller on the server's database; what is too much goes, the oldest first. */
  async addIn(tx: Tx, events: readonly OutgoingEvent[], nowMs: number): Promise<void> {
    for (const event of events) {
      await tx.run(sql`INSERT INTO webhook_outbox (account, event, body, created_ms, due_ms, attempts)
        VALUES (${event.account}, ${event.kind}, ${bodyOf(event, nowMs)}, ${nowMs}, ${nowMs}, 0)`);
      // After a start their number is unknown.
      const untrimmed = (this.#untrimmed.get(event.account) ?? rowsPerTrim) + 1;
      const isTrimDue = untrimmed >= Math.min(rowsPerTrim, this.#maxRows);
      this.#untrimmed.set(event.account, isTrimDue ? 0 : untrimmed);
      if (isTrimDue) await this.#trim(tx, event.account);
    }
  }

  async #trim(tx: Tx, account: AccountId): Promise<void> {
    await tx.run(sql`DELETE FROM webhook_outbox WHERE account = ${account} AND id <=
      (SELECT id FROM webhook_outbox WHERE account = ${account} ORDER BY id DESC LIMIT 1 OFFSET ${this.#maxRows})`);
  }
}
