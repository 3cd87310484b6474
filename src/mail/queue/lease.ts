import type { AccountId } from '#lib/ids';
import { inBatches, inList } from '#mail/schema';
import type { BlobId } from '#ports/blobs';
import { sql, type Database } from '#ports/database';
import type { Lane } from './lane.ts';

/** A recipient that is ours to deliver until the lease ends. */
export interface LeasedRecipient {
  readonly id: number;
  readonly message: number;
  /** Number within the message, from 1. */
  readonly number: number;
  readonly address: string;
  readonly domain: string;
  /** Transport that an operator set, null when routes decide. */
  readonly transport: string | null;
  /** What an operator demanded of TLS, null for what the sender did. */
  readonly tls: 'required' | 'optional' | null;
  readonly attempts: number;
  readonly notify: number;
  readonly orcpt: string | null;
  readonly delayTold: number;
  /** When an operator last ended a hold, null for never. */
  readonly releasedMs: number | null;
}

/** The message of leased recipients. */
export interface LeasedMessage {
  readonly id: number;
  readonly account: AccountId | null;
  readonly sender: string;
  readonly messageId: string | null;
  readonly fromId: string | null;
  readonly envid: string | null;
  readonly ret: 'full' | 'hdrs' | null;
  /** For the recipients that it is leased with. */
  readonly tls: 'default' | 'required' | 'optional';
  readonly has8bit: number;
  readonly smtputf8: number;
  readonly prefix: Uint8Array;
  readonly bodySizeBytes: number;
  readonly blobId: BlobId | null;
  readonly startMs: number;
}

/** What belongs into one transmission: recipients of one message with one demand of TLS. */
export interface LeasedGroup {
  readonly message: LeasedMessage;
  readonly recipients: readonly LeasedRecipient[];
}

/** The first transport after `cursor`, in alphabetical order, with a recipient that is due; null when there is none. */
export async function nextDueTransport(db: Database, cursor: string, nowMs: number): Promise<string | null> {
  const row = await db.read((reader) =>
    reader.get<{ transport: string }>(sql`SELECT lane_transport AS transport FROM queue_recipient
      WHERE state = 'queued' AND hold = 0 AND lane_transport > ${cursor} AND next_attempt_ms <= ${nowMs}
      ORDER BY lane_transport LIMIT 1`),
  );
  return row?.transport ?? null;
}

/** The first destination of a transport after `cursor`, in alphabetical order, with a recipient that is due; null when there is none. */
export async function nextDueDestination(
  db: Database,
  transport: string,
  cursor: string,
  nowMs: number,
): Promise<string | null> {
  const row = await db.read((reader) =>
    reader.get<{ destination: string }>(sql`SELECT lane_destination AS destination FROM queue_recipient
      WHERE state = 'queued' AND hold = 0 AND lane_transport = ${transport} AND lane_destination > ${cursor}
      AND next_attempt_ms <= ${nowMs} ORDER BY lane_destination LIMIT 1`),
  );
  return row?.destination ?? null;
}

/** When the next recipient becomes due or a lease runs out; null when nothing waits. Milliseconds since 1970. */
export async function nextDueMs(db: Database, afterMs: number): Promise<number | null> {
  const row = await db.read((reader) =>
    reader.get<{ due: number | null; lease: number | null }>(sql`SELECT
      (SELECT min(next_attempt_ms) FROM queue_recipient WHERE state = 'queued' AND hold = 0 AND next_attempt_ms > ${afterMs}) AS due,
      (SELECT min(lease_until_ms) FROM queue_recipient WHERE state = 'leased') AS lease`),
  );
  const times = [row?.due ?? null, row?.lease ?? null].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/** Takes up to `limit` due recipients of a lane for `lease`, as one group per message and demand of TLS. */
export async function leaseDue(
  db: Database,
  take: {
    readonly lane: Lane;
    readonly lease: string;
    readonly nowMs: number;
    readonly untilMs: number;
    readonly limit: number;
  },
): Promise<LeasedGroup[]> {
  return await db.write(async (tx) => {
    const recipients = await tx.all<LeasedRecipient>(sql`UPDATE queue_recipient
      SET state = 'leased', lease = ${take.lease}, lease_until_ms = ${take.untilMs}
      WHERE id IN (SELECT id FROM queue_recipient WHERE state = 'queued' AND hold = 0
        AND lane_transport = ${take.lane.transport} AND lane_destination = ${take.lane.destination}
        AND next_attempt_ms <= ${take.nowMs} ORDER BY next_attempt_ms LIMIT ${take.limit})
      RETURNING id, message, number, address, domain, set_transport AS transport, set_tls AS tls, attempts, notify, orcpt, delay_told AS "delayTold",
        released_ms AS "releasedMs"`);
    if (recipients.length === 0) return [];
    const groups = Map.groupBy(recipients, (recipient) => recipient.message);
    const messages: LeasedMessage[] = [];
    for (const batch of inBatches([...groups.keys()])) {
      messages.push(
        ...(await tx.all<LeasedMessage>(sql`SELECT id, account, sender, message_id AS "messageId",
          from_id AS "fromId", envid, ret, tls, has_8bit AS "has8bit", smtputf8, prefix,
          body_size_bytes AS "bodySizeBytes", blob_id AS "blobId", start_ms AS "startMs" FROM queue_message WHERE id IN ${inList(batch)}`)),
      );
    }
    return messages.flatMap((message) => groupsOf(message, groups.get(message.id) ?? []));
  });
}

/** REQUIRETLS is a demand of the whole transaction (RFC 8689 §2), so those with another one travel apart. */
function groupsOf(message: LeasedMessage, recipients: readonly LeasedRecipient[]): LeasedGroup[] {
  const byDemand = Map.groupBy(recipients, (recipient) => recipient.tls ?? message.tls);
  return [...byDemand].map(([tls, group]) => ({
    message: tls === message.tls ? message : { ...message, tls },
    recipients: group,
  }));
}

/** Gives recipients back untried. */
export async function releaseLease(db: Database, lease: string, ids: readonly number[]): Promise<void> {
  await db.write(async (tx) => {
    for (const batch of inBatches(ids)) {
      await tx.run(sql`UPDATE queue_recipient SET state = 'queued', lease = NULL, lease_until_ms = NULL
        WHERE id IN ${inList(batch)} AND state = 'leased' AND lease = ${lease}`);
    }
  }, 'reserve');
}

/** RFC 3463 §3.4: x.3.5 is a system that is not configured right, which is what a refused login of ours is. No other trouble has it in the queue. */
export const pausedStatus = '4.3.5';

const resumedAtOnce = 200;

/** Makes recipients due that wait for a paused transport, or for any when null. A few hundred in each transaction. */
export async function endPause(db: Database, transport: string | null, nowMs: number): Promise<void> {
  const its = transport === null ? sql`` : sql`AND lane_transport = ${transport}`;
  for (let changed = resumedAtOnce; changed === resumedAtOnce;) {
    changed = await db.write(
      (tx) =>
        tx.run(sql`UPDATE queue_recipient SET next_attempt_ms = ${nowMs} WHERE id IN (SELECT id FROM queue_recipient
        WHERE state = 'queued' AND hold = 0 ${its} AND next_attempt_ms > ${nowMs}
        AND last_status = ${pausedStatus} AND last_reply_is_smtp = 0 LIMIT ${resumedAtOnce})`),
      'reserve',
    );
  }
}

/** Gives recipients back untried, to wait in other lanes. */
export async function moveLeased(
  db: Database,
  lease: string,
  moves: readonly { readonly id: number; readonly lane: Lane }[],
): Promise<void> {
  await db.write(async (tx) => {
    for (const { id, lane } of moves) {
      await tx.run(sql`UPDATE queue_recipient SET state = 'queued', lease = NULL, lease_until_ms = NULL,
        lane_transport = ${lane.transport}, lane_destination = ${lane.destination}
        WHERE id = ${id} AND state = 'leased' AND lease = ${lease}`);
    }
  }, 'reserve');
}

/** Gives back what was leased until `beforeMs` or earlier, by runners that are gone. @returns how many. */
export async function recoverLeases(db: Database, beforeMs: number): Promise<number> {
  const expired = await db.read((reader) =>
    reader.get<{ one: number }>(
      sql`SELECT 1 AS one FROM queue_recipient WHERE state = 'leased' AND lease_until_ms <= ${beforeMs} LIMIT 1`,
    ),
  );
  if (expired === undefined) return 0;
  return await db.write(
    (tx) =>
      tx.run(sql`UPDATE queue_recipient SET state = 'queued', lease = NULL, lease_until_ms = NULL
      WHERE state = 'leased' AND lease_until_ms <= ${beforeMs}`),
    'reserve',
  );
}
