/**
 * Every statement about the table `queue_recipient` is in this file, and none is anywhere else (`npm run check`). What states mean, and which
 * follows which, is the table in README.md; the functions here decide nothing.
 */
import type { QueueId, RecipientId } from '#lib/ids';
import { asciiFolded, foldAscii } from '#mail/folded-text';
import { inBatches, inList } from '#mail/schema';
import { sql, type Reader, type Sql, type Tx } from '#ports/database';
import type { NoticeKind } from './advance.ts';
import type { QueueFollower } from './follower.ts';
import type { Lane } from './lane.ts';
import {
  statusOf,
  type LaneRow,
  type LeasedRecipient,
  type NewRecipientRow,
  type NoticeRow,
  type OutcomeColumns,
  type RecipientStatus,
  type RecipientStatusRow,
  type StoryRecipient,
  type TriedRecipient,
  type WaitingRecipient,
} from './recipient-row.ts';
import type { QueueFilter, QueueItem } from './types.ts';

/** Writes a recipient that waits or is leased. @returns its row id. */
export async function insertRecipient(tx: Tx, row: NewRecipientRow): Promise<RecipientId> {
  const { message, number, address, domain, lane, lease, isHeld, nextAttemptMs, notify, orcpt } = row;
  const inserted = await tx.get<{ id: RecipientId }>(sql`INSERT INTO queue_recipient (message, number, address, domain,
      lane_transport, lane_destination, state, lease, lease_until_ms, was_leased, hold, attempts, next_attempt_ms, notify, orcpt, delay_told,
      last_reply_is_smtp)
    VALUES (${message}, ${number}, ${address}, ${domain}, ${lane.transport}, ${lane.destination},
      ${lease === null ? 'queued' : 'leased'}, ${lease?.lease ?? null}, ${lease?.untilMs ?? null}, ${lease !== null}, ${isHeld}, 0, ${nextAttemptMs},
      ${notify}, ${orcpt}, 0, 0) RETURNING id`);
  if (inserted === undefined) throw new Error('INSERT without a row');
  return inserted.id;
}

// Lanes and leases

/** The condition that a row waits for its time. */
const isWaiting = sql`state = 'queued' AND hold = 0`;

/** Returns the lanes of the first `limit` recipients that are due, with the number of these in each. */
export async function dueByLane(
  reader: Reader,
  nowMs: number,
  limit: number,
): Promise<(Lane & { readonly recipients: number })[]> {
  return await reader.all(sql`SELECT lane_transport AS transport, lane_destination AS destination, count(*) AS recipients
    FROM (SELECT lane_transport, lane_destination FROM queue_recipient
      WHERE ${isWaiting} AND next_attempt_ms <= ${nowMs} ORDER BY next_attempt_ms LIMIT ${limit}) AS due
    GROUP BY lane_transport, lane_destination`);
}

/** Returns the first transport after `cursor`, in alphabetical order, with a recipient that is due; null when there is none. */
export async function nextDueTransport(reader: Reader, cursor: string, nowMs: number): Promise<string | null> {
  const row = await reader.get<{ transport: string }>(sql`SELECT lane_transport AS transport FROM queue_recipient
    WHERE ${isWaiting} AND lane_transport > ${cursor} AND next_attempt_ms <= ${nowMs} ORDER BY lane_transport LIMIT 1`);
  return row?.transport ?? null;
}

/** Returns the first destination of a transport after `cursor`, in alphabetical order, with a recipient that is due; null when there is none. */
export async function nextDueDestination(
  reader: Reader,
  { transport, destination: cursor }: Lane,
  nowMs: number,
): Promise<string | null> {
  const row = await reader.get<{ destination: string }>(sql`SELECT lane_destination AS destination FROM queue_recipient
    WHERE ${isWaiting} AND lane_transport = ${transport} AND lane_destination > ${cursor} AND next_attempt_ms <= ${nowMs}
    ORDER BY lane_destination LIMIT 1`);
  return row?.destination ?? null;
}

/** Returns when the next recipient becomes due or a lease ends; null when nothing waits. Milliseconds since 1970. */
export async function nextDueMs(reader: Reader, afterMs: number): Promise<number | null> {
  const row = await reader.get<{ due: number | null; lease: number | null }>(sql`SELECT
    (SELECT min(next_attempt_ms) FROM queue_recipient WHERE ${isWaiting} AND next_attempt_ms > ${afterMs}) AS due,
    (SELECT min(lease_until_ms) FROM queue_recipient WHERE state = 'leased') AS lease`);
  const times = [row?.due ?? null, row?.lease ?? null].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/** Leases up to `limit` recipients of a lane that are due. */
export async function leaseDueRecipients(
  tx: Tx,
  take: {
    readonly lane: Lane;
    readonly lease: string;
    readonly nowMs: number;
    readonly untilMs: number;
    readonly limit: number;
  },
): Promise<LeasedRecipient[]> {
  return await tx.all<LeasedRecipient>(sql`UPDATE queue_recipient
    SET state = 'leased', lease = ${take.lease}, lease_until_ms = ${take.untilMs}, was_leased = 1
    WHERE id IN (SELECT id FROM queue_recipient WHERE ${isWaiting}
      AND lane_transport = ${take.lane.transport} AND lane_destination = ${take.lane.destination}
      AND next_attempt_ms <= ${take.nowMs} ORDER BY next_attempt_ms LIMIT ${take.limit})
    RETURNING id, message, number, address, domain, set_transport AS transport, set_tls AS tls, attempts, notify, orcpt, delay_told AS "delayTold",
      released_ms AS "releasedMs"`);
}

/** Puts recipients of a lease back into the queue. */
export async function releaseRecipients(tx: Tx, lease: string, ids: readonly RecipientId[]): Promise<void> {
  for (const batch of inBatches(ids)) {
    await tx.run(sql`UPDATE queue_recipient SET state = 'queued', lease = NULL, lease_until_ms = NULL
      WHERE id IN ${inList(batch)} AND state = 'leased' AND lease = ${lease}`);
  }
}

/** Puts a recipient of a lease back into the queue, to wait in a lane. */
export async function releaseIntoLane(tx: Tx, lease: string, id: RecipientId, lane: Lane): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET state = 'queued', lease = NULL, lease_until_ms = NULL,
    lane_transport = ${lane.transport}, lane_destination = ${lane.destination}
    WHERE id = ${id} AND state = 'leased' AND lease = ${lease}`);
}

/** Reports whether a lease ended at `beforeMs` or earlier. */
export async function hasEndedLease(reader: Reader, beforeMs: number): Promise<boolean> {
  const row = await reader.get(
    sql`SELECT 1 AS one FROM queue_recipient WHERE state = 'leased' AND lease_until_ms <= ${beforeMs} LIMIT 1`,
  );
  return row !== undefined;
}

/** Puts recipients back into the queue whose leases ended at `beforeMs` or earlier. @returns how many. */
export async function releaseEndedLeases(tx: Tx, beforeMs: number): Promise<number> {
  return await tx.run(sql`UPDATE queue_recipient SET state = 'queued', lease = NULL, lease_until_ms = NULL
    WHERE state = 'leased' AND lease_until_ms <= ${beforeMs}`);
}

/** Makes up to `limit` recipients due that wait with a status of ours, by one transport, or by any for null. @returns how many. */
export async function makeDueByStatus(
  tx: Tx,
  wanted: {
    readonly transport: string | null;
    readonly status: string;
    readonly nowMs: number;
    readonly limit: number;
  },
): Promise<number> {
  const { transport, status, nowMs, limit } = wanted;
  const its = transport === null ? sql`` : sql`AND lane_transport = ${transport}`;
  return await tx.run(sql`UPDATE queue_recipient SET next_attempt_ms = ${nowMs} WHERE id IN (SELECT id FROM queue_recipient
    WHERE ${isWaiting} ${its} AND next_attempt_ms > ${nowMs} AND last_status = ${status} AND last_reply_is_smtp = 0 LIMIT ${limit})`);
}

/** Returns recipients that wait, in the order of the index of lanes, after another row of it. */
export async function waitingByLane(
  reader: Reader,
  last: Pick<LaneRow, 'laneTransport' | 'laneDestination' | 'nextAttemptMs'> & { readonly id: number },
  limit: number,
): Promise<LaneRow[]> {
  const { laneTransport, laneDestination, nextAttemptMs, id } = last;
  return await reader.all<LaneRow>(sql`SELECT r.id, r.domain, r.attempts, r.set_transport AS transport,
    r.lane_transport AS "laneTransport", r.lane_destination AS "laneDestination",
    r.next_attempt_ms AS "nextAttemptMs", m.account, m.sender
    FROM queue_recipient r JOIN queue_message m ON m.id = r.message
    WHERE r.state = 'queued' AND r.hold = 0 AND (r.lane_transport, r.lane_destination, r.next_attempt_ms, r.id) >
      (${laneTransport}, ${laneDestination}, ${nextAttemptMs}, ${id})
    ORDER BY r.lane_transport, r.lane_destination, r.next_attempt_ms, r.id LIMIT ${limit}`);
}

/** Puts a recipient that is not leased or finished into a lane. */
export async function putIntoLane(tx: Tx, id: RecipientId, { transport, destination }: Lane): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET lane_transport = ${transport}, lane_destination = ${destination}
    WHERE id = ${id} AND state = 'queued'`);
}

/** Returns when messages went by a transport after `afterMs`, the latest first. Recipients of one message share an attempt, and so the time. */
export async function attemptTimes(
  reader: Reader,
  transport: string,
  afterMs: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await reader.all<{ startMs: number }>(sql`SELECT a.start_ms AS "startMs" FROM queue_attempt a
    JOIN queue_recipient r ON r.id = a.recipient WHERE a.transport = ${transport} AND a.start_ms > ${afterMs}
    GROUP BY a.start_ms, r.message ORDER BY a.start_ms DESC LIMIT ${limit}`);
  return rows.map(({ startMs }) => startMs);
}

// Outcomes

/**
 * Writes the outcome of a lease. @param attemptsIfFree  Writes it also when the recipient waits again after so many attempts; null for never.
 * @returns false when the row was not changed: it is another's by now.
 */
export async function writeOutcome(
  tx: Tx,
  { id, lease }: { readonly id: RecipientId; readonly lease: string },
  columns: OutcomeColumns,
  attemptsIfFree: number | null,
): Promise<boolean> {
  const { notice, lane, attemptMs } = columns;
  const noticeColumns =
    notice === 'keep'
      ? sql`notice = notice`
      : sql`notice = ${notice?.id ?? null}, notice_kind = ${notice?.kind ?? null}, notice_due_ms = ${notice?.dueMs ?? null}`;
  const laneColumns =
    lane === null
      ? sql`lane_transport = lane_transport`
      : sql`lane_transport = ${lane.transport}, lane_destination = ${lane.destination}`;
  const isFree = attemptsIfFree === null ? sql`1 = 0` : sql`state = 'queued' AND attempts = ${attemptsIfFree}`;
  const changed =
    await tx.run(sql`UPDATE queue_recipient SET state = ${columns.state}, attempts = attempts + ${columns.isCounted ? 1 : 0}, lease = NULL, lease_until_ms = NULL,
    next_attempt_ms = ${columns.nextAttemptMs}, last_attempt_ms = ${attemptMs === null ? sql`last_attempt_ms` : sql`${attemptMs}`}, last_status = ${columns.status},
    last_reply = ${columns.reply}, last_reply_is_smtp = ${columns.replyIsSmtp}, is_final = ${columns.isFinal},
    last_host = ${columns.host}, delay_told = ${columns.delayTold}, finished_ms = ${columns.finishedMs}, ${laneColumns}, ${noticeColumns}
    WHERE id = ${id} AND ((state = 'leased' AND lease = ${lease}) OR (${isFree}))`);
  return changed > 0;
}

/** Gives up at most 512 recipients that are not leased; a notice that was owed is dropped. */
export async function giveUp(
  tx: Tx,
  ids: readonly RecipientId[],
  { nowMs, status, reply }: { readonly nowMs: number; readonly status: string; readonly reply: string },
): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET state = 'failed', finished_ms = ${nowMs}, last_reply = ${reply},
    last_reply_is_smtp = 0, last_status = ${status}, last_host = NULL,
    notice = NULL, notice_kind = NULL, notice_due_ms = NULL WHERE id IN ${inList(ids)}`);
}

// Notices

/** Records that a notice is owed for recipients. */
export async function oweNotice(
  tx: Tx,
  ids: readonly RecipientId[],
  notice: { readonly id: string; readonly kind: NoticeKind; readonly dueMs: number },
): Promise<void> {
  for (const batch of inBatches(ids)) {
    await tx.run(sql`UPDATE queue_recipient SET notice = ${notice.id}, notice_kind = ${notice.kind}, notice_due_ms = ${notice.dueMs}
      WHERE id IN ${inList(batch)}`);
  }
}

/** Returns the notice that is due first, null when none is owed. */
export async function firstNotice(reader: Reader): Promise<{ readonly notice: string; readonly dueMs: number } | null> {
  const row = await reader.get<{
    notice: string;
    dueMs: number;
  }>(sql`SELECT notice, notice_due_ms AS "dueMs" FROM queue_recipient
    WHERE notice IS NOT NULL ORDER BY notice_due_ms LIMIT 1`);
  return row ?? null;
}

/** Returns the recipients that a notice is about. */
export async function recipientsOfNotice(reader: Reader, notice: string): Promise<NoticeRow[]> {
  return await reader.all<NoticeRow>(sql`SELECT r.message, m.account, m.sender, m.message_id AS "messageId", m.envid, m.ret, m.tls, m.smtputf8,
    m.prefix, m.body_size_bytes AS "bodySizeBytes", m.crc32, m.blob_id AS "blobId", m.received_ms AS "receivedMs", m.start_ms AS "startMs",
    r.address, r.orcpt, r.notice_kind AS "kind", r.last_status AS "lastStatus", r.last_reply AS "lastReply",
    r.last_reply_is_smtp AS "lastReplyIsSmtp", r.last_host AS "lastHost", r.last_attempt_ms AS "lastAttemptMs", r.released_ms AS "releasedMs"
    FROM queue_recipient r JOIN queue_message m ON m.id = r.message WHERE r.notice = ${notice} ORDER BY r.id`);
}

/** Sets when a notice is due. */
export async function postponeNotice(tx: Tx, notice: string, dueMs: number): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET notice_due_ms = ${dueMs} WHERE notice = ${notice}`);
}

/** Records that a notice was delivered. */
export async function clearNotice(tx: Tx, notice: string): Promise<void> {
  await tx.run(
    sql`UPDATE queue_recipient SET notice = NULL, notice_kind = NULL, notice_due_ms = NULL WHERE notice = ${notice}`,
  );
}

/** Selects `message` and `id` of recipients, by their ids or by the notice about them. */
export function selectRecipients(by: { readonly ids: readonly RecipientId[] } | { readonly notice: string }): Sql {
  const condition = 'ids' in by ? sql`id IN ${inList(by.ids)}` : sql`notice = ${by.notice}`;
  return sql`SELECT message, id FROM queue_recipient WHERE ${condition}`;
}

// What operators see and do

/** Recipients with ids above one number, up to another. */
export interface IdRange {
  readonly after: number;
  readonly last: number;
}

/** The condition that a recipient `r` is in a range and matches a filter of at most 512 ids. */
function matches({ after, last }: IdRange, filter: QueueFilter): Sql {
  const all: Sql[] = [sql`r.id > ${after} AND r.id <= ${last}`];
  if (filter.ids !== undefined) all.push(filter.ids.length === 0 ? sql`1 = 0` : sql`r.id IN ${inList(filter.ids)}`);
  if (filter.message !== undefined) all.push(sql`r.message = ${filter.message}`);
  if (filter.states !== undefined) {
    all.push(filter.states.length === 0 ? sql`1 = 0` : sql`r.state IN ${inList(filter.states)}`);
  }
  if (filter.hold !== undefined) all.push(sql`r.hold = ${filter.hold}`);
  if (filter.domain !== undefined) all.push(sql`r.domain = ${filter.domain.toLowerCase()}`);
  if (filter.recipient !== undefined) all.push(sql`${asciiFolded(sql`r.address`)} = ${foldAscii(filter.recipient)}`);
  const ofMessage: Sql[] = [];
  if (filter.account !== undefined) ofMessage.push(sql`account = ${filter.account}`);
  if (filter.sender !== undefined) ofMessage.push(sql`sender = ${filter.sender}`);
  if (filter.receivedBeforeMs !== undefined) ofMessage.push(sql`received_ms < ${filter.receivedBeforeMs}`);
  if (ofMessage.length > 0) all.push(sql`r.message IN (SELECT id FROM queue_message WHERE ${conjunction(ofMessage)})`);
  return conjunction(all);
}

function conjunction(parts: readonly Sql[]): Sql {
  return parts.reduce((left, right) => sql`${left} AND ${right}`);
}

/** Returns the highest row id of all recipients, or of the first `limit` after `after`; null when there is none. */
export async function lastRecipient(
  reader: Reader,
  page: { readonly after: number; readonly limit: number } | null,
): Promise<number | null> {
  const row = await reader.get<{ last: number | null }>(
    page === null
      ? sql`SELECT max(id) AS last FROM queue_recipient`
      : sql`SELECT max(id) AS last FROM (SELECT id FROM queue_recipient WHERE id > ${page.after} ORDER BY id LIMIT ${page.limit}) AS page`,
  );
  return row?.last ?? null;
}

/** Returns what matches within a range, for people. */
export async function listRecipients(
  reader: Reader,
  range: IdRange,
  filter: QueueFilter,
  limit: number,
): Promise<QueueItem[]> {
  const rows = await reader.all<Omit<QueueItem, 'hold'> & { readonly hold: number }>(
    sql`SELECT r.id, r.message, r.number, m.account, m.sender,
      r.address AS recipient, r.state, r.hold, r.set_transport AS transport, r.set_tls AS tls, r.attempts, m.received_ms AS "receivedMs", r.next_attempt_ms AS "nextAttemptMs",
      r.last_attempt_ms AS "lastAttemptMs", r.last_reply AS "lastReply", m.message_id AS "messageId",
      length(m.prefix) + m.body_size_bytes AS "sizeBytes", r.finished_ms AS "finishedMs"
      FROM queue_recipient r JOIN queue_message m ON m.id = r.message
      WHERE ${matches(range, filter)} ORDER BY r.id LIMIT ${limit}`,
  );
  return rows.map((row) => ({ ...row, hold: row.hold !== 0 }));
}

/** Returns what matches within a range and is neither leased nor finished. */
export async function waitingRecipients(
  reader: Reader,
  range: IdRange,
  filter: QueueFilter,
  limit: number,
): Promise<WaitingRecipient[]> {
  return await reader.all<WaitingRecipient>(sql`SELECT r.id, r.message, r.address, r.notify, r.domain, r.attempts, r.set_transport AS transport, r.last_host AS "lastHost",
    m.sender, m.account, m.message_id AS "messageId", m.from_id AS "fromId", m.envid FROM queue_recipient r JOIN queue_message m ON m.id = r.message
    WHERE r.state = 'queued' AND ${matches(range, filter)} ORDER BY r.id LIMIT ${limit}`);
}

/** Reports whether anything matches within a range that is neither leased nor finished. */
export async function hasWaiting(reader: Reader, range: IdRange, filter: QueueFilter): Promise<boolean> {
  const row = await reader.get(
    sql`SELECT r.id FROM queue_recipient r WHERE r.state = 'queued' AND ${matches(range, filter)} LIMIT 1`,
  );
  return row !== undefined;
}

/** Returns the recipients of a message, or the one with a number there. */
export async function idsOfMessage(
  reader: Reader,
  message: QueueId,
  number: number | null,
  limit: number,
): Promise<RecipientId[]> {
  const only = number === null ? sql`` : sql`AND number = ${number}`;
  const rows = await reader.all<{ id: RecipientId }>(
    sql`SELECT id FROM queue_recipient WHERE message = ${message} ${only} ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(({ id }) => id);
}

/** Counts what is not finished. The conditions are those of indexes: what is finished costs nothing. */
export async function countUnfinished(
  reader: Reader,
): Promise<{ readonly queued: number; readonly leased: number; readonly held: number }> {
  const row = await reader.get<{ queued: number; leased: number; held: number }>(sql`SELECT
    (SELECT count(*) FROM queue_recipient WHERE state = 'queued' AND hold = 0) AS queued,
    (SELECT count(*) FROM queue_recipient WHERE state = 'leased') AS leased,
    (SELECT count(*) FROM queue_recipient WHERE state = 'queued' AND hold = 1) AS held`);
  return row ?? { queued: 0, leased: 0, held: 0 };
}

/** Makes recipients due. @param ids  At most 512, as in the functions below. */
export async function makeDue(tx: Tx, ids: readonly RecipientId[], nowMs: number): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET next_attempt_ms = ${nowMs} WHERE id IN ${inList(ids)}`);
}

/** Puts recipients on hold. */
export async function hold(tx: Tx, ids: readonly RecipientId[]): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET hold = 1 WHERE id IN ${inList(ids)}`);
}

/** Ends the hold of recipients. */
export async function release(tx: Tx, ids: readonly RecipientId[], nowMs: number): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET hold = 0, released_ms = ${nowMs} WHERE id IN ${inList(ids)}`);
}

/** Sets the transport of recipients, null for the one that routes choose. */
export async function setTransport(tx: Tx, ids: readonly RecipientId[], transport: string | null): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET set_transport = ${transport} WHERE id IN ${inList(ids)}`);
}

/** Sets the demand on TLS of recipients, null for the sender's. */
export async function setTls(tx: Tx, ids: readonly RecipientId[], tls: QueueItem['tls']): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET set_tls = ${tls} WHERE id IN ${inList(ids)}`);
}

/** Drops recipients, and the notices that were owed for them. */
export async function drop(tx: Tx, ids: readonly RecipientId[], nowMs: number): Promise<void> {
  await tx.run(sql`UPDATE queue_recipient SET state = 'dropped', finished_ms = ${nowMs},
    notice = NULL, notice_kind = NULL, notice_due_ms = NULL WHERE id IN ${inList(ids)}`);
}

// After the end

/** Removes finished recipients of at most 512 messages that owe nothing, with their attempts. @param follower  Sees them before. */
export async function removeFinishedOf(
  tx: Tx,
  messages: readonly QueueId[],
  follower: QueueFollower | null,
): Promise<void> {
  const done = sql`message IN ${inList(messages)} AND finished_ms IS NOT NULL AND notice IS NULL`;
  await follower?.removingIn(tx, selectStatuses(done));
  await tx.run(sql`DELETE FROM queue_attempt WHERE recipient IN (SELECT id FROM queue_recipient WHERE ${done})`);
  await tx.run(sql`DELETE FROM queue_recipient WHERE ${done}`);
}

/**
 * Removes up to `limit` recipients that finished at `beforeMs` or earlier and owe nothing, with their attempts.
 * @param follower  Sees them before. @returns the message of each.
 */
export async function removeFinishedBefore(
  tx: Tx,
  { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number },
  follower: QueueFollower | null,
): Promise<readonly QueueId[]> {
  const rows = await tx.all<{ id: RecipientId; message: QueueId }>(sql`SELECT id, message FROM queue_recipient
    WHERE finished_ms IS NOT NULL AND finished_ms <= ${beforeMs} AND notice IS NULL LIMIT ${limit}`);
  if (rows.length === 0) return [];
  const ids = inList(rows.map(({ id }) => id));
  await follower?.removingIn(tx, selectStatuses(sql`id IN ${ids}`));
  await tx.run(sql`DELETE FROM queue_attempt WHERE recipient IN ${ids}`);
  await tx.run(sql`DELETE FROM queue_recipient WHERE id IN ${ids}`);
  return rows.map(({ message }) => message);
}

/** The condition that a message has recipients. @param message  Its id, as an outer statement names it. */
export function hasRecipients(message: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.message = ${message})`;
}

/** The condition that recipients need the content of a message: they are not finished, or a notice quotes it. */
export function needsContent(message: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.message = ${message} AND (r.finished_ms IS NULL OR r.notice IS NOT NULL))`;
}

// For submissions

/** Selects recipients as `RecipientStatus` has them, with the columns' own names. */
function selectStatuses(condition: Sql): Sql {
  return sql`SELECT message, number, address, state, is_final, last_status, last_reply, last_reply_is_smtp FROM queue_recipient WHERE ${condition}`;
}

/** Returns the first recipients of a message with what was said about them last. */
export async function recipientStatuses(
  reader: Reader,
  message: QueueId,
  limit: number,
): Promise<readonly RecipientStatus[]> {
  const rows =
    await reader.all<RecipientStatusRow>(sql`SELECT number, address, state, is_final AS "isFinal", last_status AS "lastStatus", last_reply AS "lastReply",
    last_reply_is_smtp AS "lastReplyIsSmtp" FROM queue_recipient WHERE message = ${message} ORDER BY id LIMIT ${limit}`);
  return rows.map(statusOf);
}

/** The condition that a recipient `r` may have left the queue: a runner had it, or it was delivered. */
const mayHaveLeft = sql`(r.was_leased = 1 OR r.attempts > 0 OR r.state IN ('leased', 'delivered'))`;

/** The condition that recipients of a message wait, and none can have left. @param message  Its id, as an outer statement names it. */
export function canBeRecalled(message: Sql): Sql {
  return sql`(EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.message = ${message} AND r.state = 'queued')
    AND NOT EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.message = ${message} AND ${mayHaveLeft}))`;
}

/** Drops the recipients of a message that wait, with the notices that were owed for them. @returns their ids. */
export async function dropWaiting(tx: Tx, message: QueueId, nowMs: number): Promise<RecipientId[]> {
  const rows = await tx.all<{
    id: RecipientId;
  }>(sql`UPDATE queue_recipient SET state = 'dropped', finished_ms = ${nowMs},
    notice = NULL, notice_kind = NULL, notice_due_ms = NULL WHERE message = ${message} AND state = 'queued' RETURNING id`);
  return rows.map(({ id }) => id);
}

/** Reports whether a recipient of a message may have left the queue. */
export async function hasLeft(reader: Reader, message: QueueId): Promise<boolean> {
  const row = await reader.get(
    sql`SELECT 1 AS one FROM queue_recipient AS r WHERE r.message = ${message} AND ${mayHaveLeft} LIMIT 1`,
  );
  return row !== undefined;
}

// For stories, feedback and the check

/** Returns the first recipients of a message. */
export async function recipientsOfMessage(reader: Reader, message: QueueId, limit: number): Promise<StoryRecipient[]> {
  return await reader.all<StoryRecipient>(sql`SELECT id, number, address, state, hold, attempts, next_attempt_ms AS "nextAttemptMs",
    last_reply AS "lastReply", last_status AS "lastStatus", last_reply_is_smtp AS "lastReplyIsSmtp", finished_ms AS "finishedMs", notice_kind AS "noticeKind", notify, orcpt,
    released_ms AS "releasedMs" FROM queue_recipient WHERE message = ${message} ORDER BY id LIMIT ${limit}`);
}

/** Returns those of at most 512 messages that go to an address, compared without regard to ASCII case. */
export async function messagesTo(
  reader: Reader,
  messages: readonly QueueId[],
  address: string,
): Promise<readonly QueueId[]> {
  const rows = await reader.all<{ id: QueueId }>(sql`SELECT DISTINCT message AS id FROM queue_recipient
    WHERE message IN ${inList(messages)} AND ${asciiFolded(sql`address`)} = ${foldAscii(address)}`);
  return rows.map(({ id }) => id);
}

/** Returns recipients of at most 512 messages that were tried, those of the newest message first. */
export async function triedRecipients(
  reader: Reader,
  messages: readonly QueueId[],
  limit: number,
): Promise<TriedRecipient[]> {
  return await reader.all<TriedRecipient>(sql`SELECT id, message, number, attempts, address, orcpt FROM queue_recipient
    WHERE message IN ${inList(messages)} AND (attempts > 0 OR state = 'leased') ORDER BY message DESC, id LIMIT ${limit}`);
}

/** The table as the check reads it, page by page: recipients are `r`. */
export const checkedRecipients: Sql = sql`queue_recipient AS r`;

/** Selects recipients whose message is missing. @param keys  Condition on `r.id`, as in the functions below. */
export function recipientsWithoutMessage(keys: Sql): Sql {
  return sql`SELECT r.id, r.address FROM queue_recipient AS r LEFT JOIN queue_message AS m ON m.id = r.message
    WHERE ${keys} AND m.id IS NULL`;
}

/** Selects recipients whose columns contradict their state. */
export function contradictoryRecipients(keys: Sql): Sql {
  return sql`SELECT id, state, finished_ms AS finished, lease FROM queue_recipient AS r WHERE ${keys} AND (
    state NOT IN ('queued', 'leased', 'delivered', 'failed', 'dropped')
    OR (state IN ('queued', 'leased')) <> (finished_ms IS NULL)
    OR (state = 'leased') <> (lease IS NOT NULL AND lease_until_ms IS NOT NULL))`;
}

/** Selects recipients with an incomplete notice. */
export function recipientsWithHalfNotice(keys: Sql): Sql {
  return sql`SELECT id FROM queue_recipient AS r WHERE ${keys} AND ((notice IS NULL) <> (notice_kind IS NULL)
    OR (notice IS NULL) <> (notice_due_ms IS NULL))`;
}

/** Selects the ids of recipients that are missing and have attempts. @param keys  Condition on `a.recipient`. */
export function missingRecipients(keys: Sql): Sql {
  return sql`SELECT a.recipient AS id FROM queue_attempt AS a LEFT JOIN queue_recipient AS r ON r.id = a.recipient
    WHERE ${keys} AND r.id IS NULL GROUP BY a.recipient`;
}
