import type { QueueId, RecipientId } from '#lib/ids';
import { decideRoute } from '#mail/routes';
import { inBatches } from '#mail/schema';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx, type WriteSpace } from '#ports/database';
import { wantsNotice } from './advance.ts';
import { insertMessage, type Inserted } from './enqueue.ts';
import { readEvents, writeEvents, type NewQueueEvent, type QueueEvent } from './events.ts';
import type { Express, Reservation } from './express.ts';
import { finishMessages } from './finish.ts';
import { laneOf, type Lane, type Routing } from './lane.ts';
import type { LeasedMessage } from './lease.ts';
import { noticeId } from './notice-id.ts';
import { policyOf, type PerAccount } from './per-account.ts';
import { readSession } from './session-record.ts';
import type { WaitingRecipient } from './recipient-row.ts';
import * as rows from './recipient-rows.ts';
import { nextMatch, nextRange } from './scan.ts';
import type { QueueSettings } from './settings.ts';
import { domainOf, senderDomainOf } from './stored-address.ts';
import type { AttemptRecord, NewMessage, QueueFilter, QueueItem } from './types.ts';

/** Dependencies of the queue. */
export interface QueueDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly settings: Pick<QueueSettings, 'keepFinishedMs'>;
  /** Routes in force; without, the runner finds out who goes where. */
  readonly routing?: Routing;
  /** Policies of accounts; without them, all are treated alike and nothing is suppressed. */
  readonly perAccount?: PerAccount;
}

/** Gives the lane of a domain that a message goes to. */
type LaneOf = (domain: string) => Lane;

const maxPerStep = 500;
/** Recipients that one transaction changes. */
const changedPerStep = 250;
const maxFound = 10_000;

/** The queue as submitters and administrators use it. Delivery is the `QueueRunner`'s business, told by the hint `queue`. */
export class Queue {
  readonly #deps: QueueDeps;
  #express: Express | null = null;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  /** Lets messages that could be tried at once go by `express`, as soon as they are durable; null for none. */
  useExpress(express: Express | null): void {
    this.#express = express;
  }

  /**
   * Accepts a message: everything is durable when it resolves. @returns its row id. @throws RangeError without recipients.
   * @param space  `reserve` for what must not be refused any more.
   * @param also  Writes more in the same transaction.
   */
  async enqueue(
    message: NewMessage,
    space: WriteSpace = 'common',
    also: ((tx: Tx, message: QueueId) => Promise<void>) | null = null,
  ): Promise<QueueId> {
    const { db, perAccount, routing } = this.#deps;
    if (perAccount !== undefined) await policyOf(perAccount.policies, message.account);
    if (message.account !== null) await routing?.findAccount(message.account);
    const laneOf = this.#firstLanes(message);
    const reservation = this.#reserve(message, laneOf);
    let inserted: Inserted;
    try {
      inserted = await db.write((tx) => this.#insert(tx, message, { laneOf, reservation, also }), space);
    } catch (error) {
      reservation?.cancel();
      throw error;
    }
    const { id, sender, startMs, leased } = inserted;
    const bytes = message.body.kind === 'inline' ? message.body.bytes : null;
    if (leased.length === 0) reservation?.cancel();
    else reservation?.go({ message: leasedMessage({ id, sender, startMs }, message), recipients: leased, bytes });
    return id;
  }

  /** As `enqueue`, within a transaction of the caller on the server's database. */
  async enqueueIn(tx: Tx, message: NewMessage): Promise<QueueId> {
    return (await this.#insert(tx, message, { laneOf: this.#firstLanes(message), reservation: null, also: null })).id;
  }

  async #insert(
    tx: Tx,
    message: NewMessage,
    { laneOf, reservation, also }: Pick<Parameters<typeof insertMessage>[2], 'laneOf' | 'reservation' | 'also'>,
  ): Promise<Inserted> {
    if (message.recipients.length === 0) throw new RangeError('a message without recipients');
    const { clock, settings, perAccount, routing, bus } = this.#deps;
    const { account } = message;
    const policy = account === null ? null : (perAccount?.policies.of(account) ?? null);
    const inserted = await insertMessage(tx, message, {
      nowMs: clock.now(),
      keepFinishedMs: settings.keepFinishedMs,
      laneOf,
      perAccount: perAccount === undefined ? null : { ...perAccount, policy },
      accountName: account === null ? null : (routing?.knownAccount(account) ?? null),
      reservation,
      also,
    });
    // Recipients that have failed already are reported by the listeners to the hint, too.
    if (inserted.leased.length < message.recipients.length) tx.afterCommit(() => bus.publish('queue'));
    return inserted;
  }

  /** Takes a slot for a message that may be tried at once and goes to one destination. */
  #reserve(message: NewMessage, laneOf: LaneOf): Reservation | null {
    if (this.#express === null || (message.holdUntilMs ?? 0) > this.#deps.clock.now()) return null;
    const [first, ...others] = message.recipients
      .filter(({ failure }) => failure === undefined)
      .map(({ address }) => laneOf(domainOf(address)));
    const isOne = others.every((lane) => lane.transport === first?.transport && lane.destination === first.destination);
    return first === undefined || !isOne ? null : this.#express.reserve(first);
  }

  /** Returns the function that gives the first lane of each recipient of a message. Recipients of one domain share theirs, so each is decided on once. */
  #firstLanes({ account, sender }: NewMessage): LaneOf {
    const senderDomain = sender === null ? null : domainOf(sender);
    const lanes = new Map<string, Lane>();
    return (domain) => {
      let lane = lanes.get(domain);
      if (lane === undefined) {
        lane = this.#laneOf({ account, senderDomain, domain, attempts: 0, transport: null });
        lanes.set(domain, lane);
      }
      return lane;
    };
  }

  /** Recipients that match, by ascending row id after `afterId`; at most `limit`, itself at most 500. */
  async list(filter: QueueFilter = {}, limit = 100, afterId = 0): Promise<QueueItem[]> {
    const items: QueueItem[] = [];
    const most = Math.min(limit, maxPerStep);
    for (let after: number | null = afterId; after !== null && items.length < most;) {
      const from: number = after;
      after = await this.#deps.db.read(async (reader) => {
        const range = await nextRange(reader, filter, from);
        if (range === null) return null;
        items.push(...(await rows.listRecipients(reader, range, filter, most - items.length)));
        return range.last;
      });
    }
    return items;
  }

  /** Row ids of recipients by message, and by their number there; a null number means all of the message. At most 10,000 of one message. */
  async find(
    names: readonly { readonly message: QueueId; readonly number: number | null }[],
  ): Promise<readonly RecipientId[]> {
    const ids: RecipientId[] = [];
    for (const { message, number } of names) {
      ids.push(...(await this.#deps.db.read((reader) => rows.idsOfMessage(reader, message, number, maxFound))));
    }
    return [...new Set(ids)].toSorted((a, b) => a - b);
  }

  /** Counts the recipients that wait or are in delivery, and those of them on hold. */
  async count(): Promise<{ readonly waiting: number; readonly held: number }> {
    const { queued, leased, held } = await this.#deps.db.read(rows.countUnfinished);
    return { waiting: queued + leased + held, held };
  }

  /** The attempts at one recipient, oldest first. */
  async attempts(recipient: RecipientId): Promise<AttemptRecord[]> {
    const rows = await this.#deps.db.read((reader) =>
      reader.all<AttemptRow>(sql`SELECT start_ms AS "startMs", duration_ms AS "durationMs", host, ip, outcome, reply,
        transport, route, session FROM queue_attempt WHERE recipient = ${recipient} ORDER BY id LIMIT ${maxPerStep}`),
    );
    return rows.map((row) => ({ ...row, session: readSession(row.session) }));
  }

  /** Returns the events of a message besides attempts, oldest first, at most 2000. */
  async events(message: QueueId): Promise<QueueEvent[]> {
    return await this.#deps.db.read((reader) => readEvents(reader, message));
  }

  /** Makes waiting recipients due now, those of a FUTURERELEASE included, those on hold not. @returns how many. */
  async kick(filter: QueueFilter): Promise<number> {
    if (filter.hold === true) return 0;
    return await this.#change({ ...filter, hold: false }, { kind: 'kicked', detail: {} }, (tx, ids) =>
      rows.makeDue(tx, ids, this.#deps.clock.now()),
    );
  }

  /**
   * Puts waiting recipients on hold, or lets them go: their age counts from then on, or a recipient held for long would have one attempt only. Those that
   * are as wanted already are left alone. @returns how many.
   */
  async hold(filter: QueueFilter, hold: boolean): Promise<number> {
    if (filter.hold === hold) return 0;
    const others = { ...filter, hold: !hold };
    return await this.#change(others, { kind: hold ? 'held' : 'released', detail: {} }, async (tx, ids, found) => {
      if (hold) return await rows.hold(tx, ids);
      await rows.release(tx, ids, this.#deps.clock.now());
      for (const row of found) await this.#putIntoLane(tx, row);
    });
  }

  /**
   * Sets the transport of waiting recipients: a name that is configured, `direct` for none, or null so that routes decide again.
   * Those in delivery at this moment stay. @returns how many.
   */
  async setTransport(filter: QueueFilter, transport: string | null): Promise<number> {
    return await this.#change(filter, { kind: 'transport', detail: { transport } }, async (tx, ids, found) => {
      await rows.setTransport(tx, ids, transport);
      for (const row of found) await this.#putIntoLane(tx, { ...row, transport });
    });
  }

  /**
   * Sets what waiting recipients demand of TLS: `required` as with REQUIRETLS (RFC 8689 §2), `optional` as with `TLS-Required: No`, or null for what
   * the sender demanded. Those in delivery at this moment stay. @returns how many.
   */
  async setTls(filter: QueueFilter, tls: QueueItem['tls']): Promise<number> {
    return await this.#change(filter, { kind: 'tls', detail: { tls } }, (tx, ids) => rows.setTls(tx, ids, tls));
  }

  /** Removes waiting recipients without telling the sender. Those in delivery at this moment stay. @returns how many. */
  async drop(filter: QueueFilter): Promise<number> {
    const nowMs = this.#deps.clock.now();
    return await this.#change(filter, { kind: 'dropped', detail: {} }, async (tx, ids, found) => {
      await rows.drop(tx, ids, nowMs);
      await this.#finish(tx, found, nowMs);
    });
  }

  /**
   * Takes a message back within a transaction of the caller on the server's database, unless it may have left for a recipient: then nothing changes.
   * Recipients that have failed stay as they are. @returns whether it was taken back. @throws NotRecalled when a runner took it meanwhile.
   */
  async recallIn(tx: Tx, message: QueueId): Promise<boolean> {
    const nowMs = this.#deps.clock.now();
    if (await rows.hasLeft(tx, message)) return false;
    const ids = await rows.dropWaiting(tx, message, nowMs);
    if (ids.length === 0) return false;
    // On PostgreSQL a runner may have leased others between the two statements.
    if (await rows.hasLeft(tx, message)) throw new NotRecalled();
    for (const batch of inBatches(ids))
      await writeEvents(tx, rows.selectRecipients({ ids: batch }), { atMs: nowMs, kind: 'recalled', detail: {} });
    const { settings, perAccount } = this.#deps;
    const { keepFinishedMs } = settings;
    await finishMessages(tx, [message], { nowMs, keepFinishedMs, follower: perAccount?.follower ?? null });
    return true;
  }

  /** Gives up waiting recipients and tells the sender. Those in delivery at this moment stay. @returns how many. */
  async fail(filter: QueueFilter, reason = 'delivery was cancelled by the operator'): Promise<number> {
    const nowMs = this.#deps.clock.now();
    await this.#deps.perAccount?.policies.refresh();
    return await this.#change(filter, { kind: 'failed', detail: { reason } }, async (tx, ids, found) => {
      await rows.giveUp(tx, ids, { nowMs, status: cancelledStatus, reply: reason });
      const told = found.filter((row) => wantsNotice(row, 'failed'));
      for (const group of Map.groupBy(told, (row) => row.message).values()) {
        const notice = { id: noticeId('failed', group), kind: 'failed', dueMs: nowMs } as const;
        await rows.oweNotice(
          tx,
          group.map((row) => row.id),
          notice,
        );
      }
      await this.#tellFailed(tx, found, { nowMs, reason });
      await this.#finish(tx, found, nowMs);
    });
  }

  /** Tells webhooks of recipients that an operator gave up. */
  async #tellFailed(
    tx: Tx,
    found: readonly WaitingRecipient[],
    { nowMs, reason }: { readonly nowMs: number; readonly reason: string },
  ): Promise<void> {
    const { perAccount } = this.#deps;
    for (const row of found) {
      const { account, sender, address, id, lastHost: host } = row;
      if (account === null || perAccount?.policies.of(account)?.tellsWebhooks !== true) continue;
      const outcome = { status: cancelledStatus, reply: reason, nextAttemptMs: null, suppresses: false };
      const event = {
        ...row,
        ...outcome,
        kind: 'failed',
        account,
        recipient: id,
        from: sender,
        to: address,
        host,
      } as const;
      await perAccount.outbox.addIn(tx, [event], nowMs);
    }
  }

  async #putIntoLane(tx: Tx, row: WaitingRecipient): Promise<void> {
    await rows.putIntoLane(tx, row.id, this.#laneOf({ ...row, senderDomain: senderDomainOf(row.sender) }));
  }

  /** Returns the lane in which a recipient waits: a good guess, as the runner decides again. */
  #laneOf(
    facts: Pick<WaitingRecipient, 'account' | 'domain' | 'attempts' | 'transport'> & {
      readonly senderDomain: string | null;
    },
  ): Lane {
    const { account: id, senderDomain, domain: recipientDomain, attempts, transport } = facts;
    const { routing } = this.#deps;
    if (routing === undefined) return { transport: '', destination: recipientDomain };
    const account = id === null ? null : routing.knownAccount(id);
    const question = { account, senderDomain, recipientDomain, attempts, transport };
    return laneOf(decideRoute(question, routing.table()), recipientDomain);
  }

  async #finish(tx: Tx, found: readonly WaitingRecipient[], nowMs: number): Promise<void> {
    const messages = [...new Set(found.map((row) => row.message))];
    const { settings, perAccount } = this.#deps;
    const { keepFinishedMs } = settings;
    const follower = perAccount?.follower ?? null;
    await follower?.changedIn(tx, messages);
    await finishMessages(tx, messages, { nowMs, keepFinishedMs, follower });
  }

  /** Changes what matches and waits, some hundred rows in each transaction. */
  async #change(
    filter: QueueFilter,
    event: Omit<NewQueueEvent, 'atMs'>,
    change: (tx: Tx, ids: readonly RecipientId[], found: readonly WaitingRecipient[]) => Promise<void>,
  ): Promise<number> {
    let changed = 0;
    for (const ids of filter.ids === undefined ? [undefined] : inBatches(filter.ids)) {
      const part = ids === undefined ? filter : { ...filter, ids };
      for (let range = await nextMatch(this.#deps.db, part, 0); range !== null;) {
        const piece = range;
        const found = await this.#deps.db.write(async (tx) => {
          const waiting = await rows.waitingRecipients(tx, piece, part, changedPerStep);
          if (waiting.length > 0) {
            const list = waiting.map((row) => row.id);
            await writeEvents(tx, rows.selectRecipients({ ids: list }), { ...event, atMs: this.#deps.clock.now() });
            await change(tx, list, waiting);
          }
          tx.afterCommit(() => this.#deps.bus.publish('queue'));
          return waiting;
        }, 'reserve');
        changed += found.length;
        const isFull = found.length === changedPerStep;
        range = await nextMatch(this.#deps.db, part, isFull ? (found.at(-1)?.id ?? piece.last) : piece.last);
      }
    }
    return changed;
  }
}

/** Reports that a message left while it was taken back; the transaction is to be rolled back. */
export class NotRecalled extends Error {
  override readonly name = 'NotRecalled';
}

/** Returns what a lease of the message would read from its row. */
function leasedMessage(
  { id, sender, startMs }: Pick<LeasedMessage, 'id' | 'sender' | 'startMs'>,
  message: NewMessage,
): LeasedMessage {
  const { account, messageId, fromId, envid, ret, tls, has8bit, smtputf8, prefix, body } = message;
  return {
    id,
    account,
    sender,
    messageId,
    fromId: fromId ?? null,
    envid: envid ?? null,
    ret: ret ?? null,
    tls: tls ?? 'default',
    has8bit: Number(has8bit),
    smtputf8: Number(smtputf8),
    prefix,
    bodySizeBytes: body.kind === 'inline' ? body.bytes.length : body.sizeBytes,
    // Bytes in memory are handed on as they are.
    crc32: body.kind === 'inline' ? null : body.crc32,
    blobId: body.kind === 'blob' ? body.id : null,
    startMs,
  };
}

/** RFC 3463 §3.8: x.7.0 is "other or undefined security status", the nearest to an administrator's decision. */
const cancelledStatus = '5.7.0';

type AttemptRow = Omit<AttemptRecord, 'session'> & { readonly session: string | null };
