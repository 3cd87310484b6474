import { setImmediate as turn } from 'node:timers/promises';
import { writeAddress } from '#lib/address';
import { Notify, type QueueItem } from '#mail/queue';
import { sql } from '#ports/database';
import type { FakeClock } from '#testing/fake-clock';
import { delivered } from '#testing/queue-world';
import { hashOf, type Promises, type Queued } from './ledger.ts';
import { suppressible, suppressors } from './queue-workload.ts';
import type { Store } from './store.ts';

/** Time that a queue may take to run to its end. */
const finishMs = 30_000;

/** An image that is verified. */
export interface VerifiedQueue {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly promises: Promises;
  /** Sentences about what is wrong are added here. */
  readonly problems: string[];
  /** The notices that each account has. */
  readonly notices: () => Promise<ReadonlyMap<string, readonly string[]>>;
}

/**
 * The queue is as it was promised, what belongs together happened together, and when it runs to its end every accepted recipient is delivered, or its
 * sender gets one notice of the failure.
 */
export async function verifyQueue({ store, clock, promises, problems, notices }: VerifiedQueue): Promise<void> {
  const before = new Map((await allItems(store)).map((item) => [item.recipient, item]));
  const known = new Set(promises.queued.map(({ address }) => address));
  for (const address of before.keys()) if (!known.has(address)) problems.push(`queue: ${address} was never queued`);
  const suppressed = await suppressions(store);
  for (const [key, isAcknowledged] of promises.suppressed)
    if (isAcknowledged && !suppressed.has(key)) problems.push(`queue: ${key} is not suppressed`);
  for (const one of promises.queued) {
    const item = before.get(one.address);
    const wrong =
      item === undefined
        ? one.isAcknowledged || one.end !== null
          ? ['is gone']
          : []
        : [...wrongState(item, one, promises), ...(await halfDone(store, item, one, suppressed))];
    problems.push(...wrong.map((what) => `queue: ${one.address} ${what}`));
  }
  const outbox = await count(store, 'webhook_outbox');
  if (outbox < (await count(store, 'queue_attempt'))) problems.push('queue: webhooks do not hear of all attempts');
  problems.push(...(await wrongSubmissions(store)));
  await runToEnd({ store, clock, promises, problems }, before);
  await verifyEnd({ store, promises, problems }, await notices());
  for (const { event, cause } of store.log.ofLevel('error')) problems.push(`log: ${event} ${String(cause)}`);
}

function wrongState(item: QueueItem, one: Queued, { suppressed }: Promises): string[] {
  const { state, attempts, hold } = item;
  const { outcomes, begun, end, isHeld } = one;
  const mayFail =
    outcomes.includes('refused') ||
    begun.includes('fail') ||
    (attempts === 0 && suppressors(one.account, one.address).some((key) => suppressed.has(key)));
  const wrong: string[] = [];
  if (state === 'delivered' && !outcomes.includes('delivered')) wrong.push('is delivered, no host took it');
  if (state === 'failed' && !mayFail) wrong.push('has failed, no host refused it');
  if (state === 'dropped' && !begun.includes('drop')) wrong.push('is dropped, nobody wanted that');
  if (end !== null && state !== end) wrong.push(`is ${state} and was ${end}`);
  if (one.isSuppressed && (state !== 'failed' || attempts > 0)) wrong.push(`is ${state} although it is suppressed`);
  if (attempts < one.attempts) wrong.push(`was tried ${attempts} times, and before ${one.attempts} times`);
  if (attempts > outcomes.length) wrong.push(`was tried ${attempts} times, hosts answered ${outcomes.length} times`);
  const waits = state === 'queued' || state === 'leased';
  if (waits && isHeld !== null && hold !== isHeld) wrong.push(hold ? 'is on hold' : 'is not on hold');
  return wrong;
}

/** Returns the changes that belong to one transaction and were written only in part. */
async function halfDone(
  { queue }: Store,
  item: QueueItem,
  one: Queued,
  suppressed: ReadonlySet<string>,
): Promise<string[]> {
  const [records, events] = await Promise.all([queue.attempts(item.id), queue.events(item.message)]);
  const kinds = events.filter(({ recipient }) => recipient === item.id).map(({ kind }) => kind);
  const wrong: string[] = [];
  if (records.length !== item.attempts) wrong.push(`has ${records.length} records of ${item.attempts} attempts`);
  if ((kinds.includes('dropped') || kinds.includes('recalled')) !== (item.state === 'dropped'))
    wrong.push(`is ${item.state}, its events say otherwise`);
  const isRefused = records.at(-1)?.outcome === 'refused';
  const isFailed = isRefused || kinds.includes('failed') || kinds.includes('suppressed');
  if (isFailed !== (item.state === 'failed')) wrong.push(`is ${item.state}, its attempts and events say otherwise`);
  const isDelivered = records.at(-1)?.outcome === 'delivered';
  if (isDelivered !== (item.state === 'delivered')) wrong.push(`is ${item.state}, its last attempt says otherwise`);
  if (isRefused && !suppressed.has(suppressible(one.account, one.address)))
    wrong.push('was refused, and is not suppressed');
  return wrong;
}

/** Lets the queue run with hosts that take everything, first without what is on hold. */
async function runToEnd(
  { store, clock, promises, problems }: Omit<VerifiedQueue, 'notices'>,
  before: ReadonlyMap<string, QueueItem>,
): Promise<void> {
  const sent = new Map<string, string>();
  const runner = await store.startRunner({
    transmit: async ({ recipients, content }) => {
      const hash = hashOf(await content.bytes(0, content.sizeBytes));
      for (const { address } of recipients) sent.set(writeAddress(address), hash);
      return recipients.map(() => delivered);
    },
  });
  for (const step of ['as it is', 'released'] as const) {
    if (step === 'released') await store.queue.hold({}, false);
    await store.queue.kick({});
    await clock.advance(10 * 60_000);
    // By time: on a quiet machine thousands of turns of the loop go by while the disk syncs.
    for (const endMs = performance.now() + finishMs; performance.now() < endMs && (await isUnfinished(store));)
      await turn();
    if (step === 'released') break;
    for (const address of sent.keys())
      if (before.get(address)?.hold === true) problems.push(`queue: ${address} was sent while it was on hold`);
  }
  await runner.stop();
  for (const { address, hash } of promises.queued) {
    const sentHash = sent.get(address);
    if (sentHash === undefined) continue;
    if (sentHash !== hash) problems.push(`queue: ${address} was sent other bytes`);
    const { state = 'gone' } = before.get(address) ?? {};
    if (state !== 'queued' && state !== 'leased') problems.push(`queue: ${address} is ${state}, and was sent`);
  }
}

async function verifyEnd(
  { store, promises, problems }: Pick<VerifiedQueue, 'store' | 'promises' | 'problems'>,
  notices: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const after = new Map((await allItems(store)).map((item) => [item.recipient, item]));
  for (const { address, account, notify } of promises.queued) {
    const item = after.get(address);
    if (item === undefined) continue;
    const { state } = item;
    if (state === 'queued' || state === 'leased') problems.push(`queue: ${address} is still ${state}`);
    const wanted = {
      failed: state === 'failed' && notify !== Notify.Never,
      relayed: state === 'delivered' && (notify & Notify.Success) !== 0,
    };
    for (const action of ['failed', 'relayed'] as const) {
      const told = notices.get(account)?.filter((text) => isNoticeOf(text, address, action)).length ?? 0;
      if (told !== Number(wanted[action]))
        problems.push(`queue: ${address} is ${state}, ${action} was told ${told} times`);
    }
  }
}

/** Reports whether a notice says what became of an address (RFC 3464 §2.3). */
function isNoticeOf(notice: string, address: string, action: 'failed' | 'relayed'): boolean {
  return notice.includes(`Final-Recipient: rfc822; ${address}\r\nAction: ${action}\r\n`);
}

async function suppressions(store: Store): Promise<Set<string>> {
  const names = new Map((await store.accounts.list()).map(({ id, name }) => [id, name]));
  const { items } = await store.suppressions.list();
  return new Set(items.map(({ account, address }) => suppressible(names.get(account) ?? '', address)));
}

async function allItems(store: Store): Promise<QueueItem[]> {
  return await store.queue.list({}, 500);
}

async function isUnfinished({ queue, databases }: Store): Promise<boolean> {
  if ((await queue.list({ states: ['queued', 'leased'], hold: false }, 1)).length > 0) return true;
  const rows = await databases.server.read((reader) =>
    reader.arrays(sql`SELECT 1 FROM queue_recipient WHERE notice IS NOT NULL LIMIT 1`),
  );
  return rows.length > 0;
}

/** Each message has a submission and each submission a message; those that are canceled are those that were taken back. */
async function wrongSubmissions({ databases }: Store): Promise<string[]> {
  const rows = await databases.server.read((reader) =>
    reader.all<{ message: number; submission: number | null; undo: string | null; recalled: number; tried: number }>(
      sql`SELECT m.id AS message, s.id AS submission, s.undo,
        (SELECT count(*) FROM queue_event AS e WHERE e.message = m.id AND e.kind = 'recalled') AS recalled,
        (SELECT count(*) FROM queue_recipient AS r WHERE r.message = m.id AND r.attempts > 0) AS tried
        FROM queue_message AS m LEFT JOIN email_submission AS s ON s.queue_message = m.id
      UNION ALL SELECT s.queue_message, NULL, 'without a message', 0, 0 FROM email_submission AS s
        WHERE NOT EXISTS (SELECT 1 FROM queue_message AS m WHERE m.id = s.queue_message)`,
    ),
  );
  return rows.flatMap(({ message, submission, undo, recalled, tried }) => {
    const wrong: string[] = [];
    if (submission === null) wrong.push(undo ?? 'has no submission');
    else if ((undo === 'canceled') !== recalled > 0) wrong.push(`is ${undo}, its events say otherwise`);
    if (undo === 'canceled' && tried > 0) wrong.push('is canceled, and was tried');
    return wrong.map((what) => `queue: submission of message ${message} ${what}`);
  });
}

async function count({ databases }: Store, table: 'webhook_outbox' | 'queue_attempt'): Promise<number> {
  const text =
    table === 'webhook_outbox' ? sql`SELECT count(*) FROM webhook_outbox` : sql`SELECT count(*) FROM queue_attempt`;
  const rows = await databases.server.read((reader) => reader.arrays(text));
  return Number(rows[0]?.[0]);
}
