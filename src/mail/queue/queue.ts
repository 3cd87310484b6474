import type { AccountId } from '#lib/ids';
import { decideRoute } from '#mail/routes';
import { inBatches, inList } from '#mail/schema';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Sql, type Tx } from '#ports/database';
import { wantsNotice } from './advance.ts';
import { conditions } from './filter.ts';
import { finishMessages } from './finish.ts';
import { laneOf, type Lane, type Routing } from './lane.ts';
import type { QueueSettings } from './settings.ts';
import type { AttemptRecord, NewMessage, QueueFilter, QueueItem } from './types.ts';

/** What the queue needs. */
export interface QueueDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly settings: Pick<QueueSettings, 'keepFinishedMs'>;
  /** Routes in force; without, the runner finds out who goes where. */
  readonly routing?: Routing;
}

const maxPerStep = 500;

/** The queue as submitters and administrators use it. Delivery is the `QueueRunner`'s business, told by the hint `queue`. */
export class Queue {
  readonly #deps: QueueDeps;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  /** Accepts a message: everything is durable when it resolves. @returns its row id. @throws RangeError without recipients. */
  async enqueue(message: NewMessage): Promise<number> {
    return await this.#deps.db.write((tx) => this.enqueueIn(tx, message));
  }

  /** As `enqueue`, within a transaction of the caller on the server's database. */
  async enqueueIn(tx: Tx, message: NewMessage): Promise<number> {
    if (message.recipients.length === 0) throw new RangeError('a message without recipients');
    const nowMs = this.#deps.clock.now();
    const startMs = Math.max(nowMs, message.holdUntilMs ?? 0);
    const { body } = message;
    const bodySizeBytes = body.kind === 'inline' ? body.bytes.length : body.sizeBytes;
    const row = await tx.get<{ id: number }>(sql`INSERT INTO queue_message
      (account, sender, message_id, envid, ret, tls, has_8bit, smtputf8, prefix, body_size_bytes, blob_id, received_ms, start_ms, origin, from_id)
      VALUES (${message.account}, ${message.sender}, ${message.messageId}, ${message.envid ?? null}, ${message.ret ?? null},
        ${message.tls ?? 'default'}, ${message.has8bit}, ${message.smtputf8}, ${message.prefix}, ${bodySizeBytes},
        ${body.kind === 'blob' ? body.id : null}, ${nowMs}, ${startMs},
        ${message.origin ?? null}, ${message.fromId ?? null}) RETURNING id`);
    if (row === undefined) throw new Error('INSERT without a row');
    if (body.kind === 'inline') {
      await tx.run(sql`INSERT INTO queue_content (message, bytes) VALUES (${row.id}, ${body.bytes})`);
    }
    for (const recipient of message.recipients) {
      const { account, sender } = message;
      const domain = domainOf(recipient.address);
      const lane = this.#laneOf({ account, sender, domain, attempts: 0, transport: null });
      await tx.run(sql`INSERT INTO queue_recipient (message, address, domain, lane_transport, lane_destination,
          state, hold, attempts, next_attempt_ms, notify, orcpt, delay_told, last_reply_is_smtp)
        VALUES (${row.id}, ${recipient.address}, ${domain}, ${lane.transport}, ${lane.destination},
          'queued', 0, 0, ${startMs}, ${recipient.notify ?? 0}, ${recipient.orcpt ?? null}, 0, 0)`);
    }
    tx.afterCommit(() => this.#deps.bus.publish('queue'));
    return row.id;
  }

  /** Recipients that match, by ascending row id after `afterId`; at most `limit`, itself at most 500. */
  async list(filter: QueueFilter = {}, limit = 100, afterId = 0): Promise<QueueItem[]> {
    const rows = await this.#deps.db.read((reader) =>
      reader.all<Omit<QueueItem, 'hold'> & { readonly hold: number }>(sql`SELECT r.id, r.message, m.account, m.sender,
        r.address AS recipient, r.state, r.hold, r.set_transport AS transport, r.attempts, m.received_ms AS "receivedMs", r.next_attempt_ms AS "nextAttemptMs",
        r.last_attempt_ms AS "lastAttemptMs", r.last_reply AS "lastReply", m.message_id AS "messageId",
        length(m.prefix) + m.body_size_bytes AS "sizeBytes", r.finished_ms AS "finishedMs"
        FROM queue_recipient r JOIN queue_message m ON m.id = r.message
        WHERE r.id > ${afterId} AND ${conditions(filter)} ORDER BY r.id LIMIT ${Math.min(limit, maxPerStep)}`),
    );
    return rows.map((row) => ({ ...row, hold: row.hold !== 0 }));
  }

  /** The attempts at one recipient, oldest first. */
  async attempts(recipient: number): Promise<AttemptRecord[]> {
    return await this.#deps.db.read((reader) =>
      reader.all<AttemptRecord>(sql`SELECT start_ms AS "startMs", duration_ms AS "durationMs", host, ip, outcome, reply,
        transport, route FROM queue_attempt WHERE recipient = ${recipient} ORDER BY id LIMIT ${maxPerStep}`),
    );
  }

  /** Makes waiting recipients due now, those of a FUTURERELEASE included. @returns how many. */
  async kick(filter: QueueFilter): Promise<number> {
    return await this.#change(filter, (tx, ids) =>
      tx.run(sql`UPDATE queue_recipient SET next_attempt_ms = ${this.#deps.clock.now()} WHERE id IN ${ids}`),
    );
  }

  /** Puts waiting recipients on hold, or lets them go. @returns how many. */
  async hold(filter: QueueFilter, hold: boolean): Promise<number> {
    return await this.#change(filter, (tx, ids) =>
      tx.run(sql`UPDATE queue_recipient SET hold = ${hold} WHERE id IN ${ids}`),
    );
  }

  /**
   * Sets the transport of waiting recipients: a name that is configured, `direct` for none, or null so that routes decide again.
   * Those in delivery at this moment stay. @returns how many.
   */
  async setTransport(filter: QueueFilter, transport: string | null): Promise<number> {
    return await this.#change(filter, async (tx, _ids, rows) => {
      for (const row of rows) {
        const lane = this.#laneOf({ ...row, transport });
        await tx.run(sql`UPDATE queue_recipient SET set_transport = ${transport}, lane_transport = ${lane.transport},
          lane_destination = ${lane.destination} WHERE id = ${row.id}`);
      }
    });
  }

  /** Removes waiting recipients without telling the sender. Those in delivery at this moment stay. @returns how many. */
  async drop(filter: QueueFilter): Promise<number> {
    const nowMs = this.#deps.clock.now();
    return await this.#change(filter, async (tx, ids, rows) => {
      await tx.run(sql`UPDATE queue_recipient SET state = 'dropped', finished_ms = ${nowMs},
        notice = NULL, notice_kind = NULL, notice_due_ms = NULL WHERE id IN ${ids}`);
      await this.#finish(tx, rows, nowMs);
    });
  }

  /** Gives up waiting recipients and tells the sender. Those in delivery at this moment stay. @returns how many. */
  async fail(filter: QueueFilter, reason = 'delivery was cancelled by the administrator'): Promise<number> {
    const nowMs = this.#deps.clock.now();
    return await this.#change(filter, async (tx, ids, rows) => {
      // RFC 3463 §3.8: x.7.0 is "other or undefined security status", the nearest to an administrator's decision.
      await tx.run(sql`UPDATE queue_recipient SET state = 'failed', finished_ms = ${nowMs}, last_reply = ${reason},
        last_reply_is_smtp = 0, last_status = '5.7.0', last_host = NULL,
        notice = NULL, notice_kind = NULL, notice_due_ms = NULL WHERE id IN ${ids}`);
      const told = rows.filter((row) => wantsNotice(row, 'failed'));
      for (const [message, group] of Map.groupBy(told, (row) => row.message)) {
        await tx.run(sql`UPDATE queue_recipient SET notice = ${noticeId('failed', group)}, notice_kind = 'failed',
          notice_due_ms = ${nowMs} WHERE message = ${message} AND id IN ${inList(group.map((row) => row.id))}`);
      }
      await this.#finish(tx, rows, nowMs);
    });
  }

  /** Where a recipient waits: a good guess, as the runner decides anew. */
  #laneOf(
    facts: Pick<Waiting, 'account' | 'sender' | 'domain' | 'attempts'> & { readonly transport: string | null },
  ): Lane {
    const { account: id, sender, domain: recipientDomain, attempts, transport } = facts;
    const { routing } = this.#deps;
    if (routing === undefined) return { transport: '', destination: recipientDomain };
    const account = id === null ? null : routing.knownAccount(id);
    const decision = decideRoute({ account, sender, recipientDomain, attempts, transport }, routing.table());
    return laneOf(decision, recipientDomain);
  }

  async #finish(tx: Tx, rows: readonly Waiting[], nowMs: number): Promise<void> {
    const messages = [...new Set(rows.map((row) => row.message))];
    await finishMessages(tx, messages, { nowMs, keepFinishedMs: this.#deps.settings.keepFinishedMs });
  }

  /** Changes what matches and waits, some hundred rows in each transaction. */
  async #change(
    filter: QueueFilter,
    change: (tx: Tx, ids: Sql, rows: readonly Waiting[]) => Promise<unknown>,
  ): Promise<number> {
    let changed = 0;
    for (const ids of filter.ids === undefined ? [undefined] : inBatches(filter.ids)) {
      const part = ids === undefined ? filter : { ...filter, ids };
      for (let afterId = 0, more = true; more;) {
        const last = afterId;
        const rows = await this.#deps.db.write(async (tx) => {
          const found =
            await tx.all<Waiting>(sql`SELECT r.id, r.message, r.notify, r.domain, r.attempts, m.sender, m.account FROM queue_recipient r
            JOIN queue_message m ON m.id = r.message
            WHERE r.state = 'queued' AND r.id > ${last} AND ${conditions(part)} ORDER BY r.id LIMIT ${maxPerStep}`);
          if (found.length > 0) await change(tx, inList(found.map((row) => row.id)), found);
          tx.afterCommit(() => this.#deps.bus.publish('queue'));
          return found;
        });
        changed += rows.length;
        more = rows.length === maxPerStep;
        afterId = rows.at(-1)?.id ?? last;
      }
    }
    return changed;
  }
}

interface Waiting {
  readonly id: number;
  readonly message: number;
  readonly notify: number;
  readonly domain: string;
  readonly attempts: number;
  readonly sender: string;
  readonly account: AccountId | null;
}

/** Name of the notification that these recipients share; the same after a crash, so that it is delivered once. */
export function noticeId(kind: string, recipients: readonly { readonly id: number }[]): string {
  return `queue-${kind}-${Math.min(...recipients.map((recipient) => recipient.id))}`;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
