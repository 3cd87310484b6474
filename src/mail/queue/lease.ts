import type { AccountId, QueueId, RecipientId } from '#lib/ids';
import { inBatches, inList } from '#mail/schema';
import type { BlobId } from '#ports/blobs';
import { sql, type Database } from '#ports/database';
import type { Lane } from './lane.ts';
import type { LeasedRecipient } from './recipient-row.ts';
import {
  hasEndedLease,
  leaseDueRecipients,
  makeDueByStatus,
  releaseEndedLeases,
  releaseIntoLane,
  releaseRecipients,
} from './recipient-rows.ts';

/** The message of leased recipients. */
export interface LeasedMessage {
  readonly id: QueueId;
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
  /** Null for messages that were queued before there were checksums. */
  readonly crc32: number | null;
  readonly blobId: BlobId | null;
  readonly startMs: number;
}

/** Group of one transmission: recipients of one message with one demand of TLS. */
export interface LeasedGroup {
  readonly message: LeasedMessage;
  readonly recipients: readonly LeasedRecipient[];
}

/** Takes up to `limit` due recipients of a lane for `lease`, as one group per message and demand of TLS. */
export async function leaseDue(db: Database, take: Parameters<typeof leaseDueRecipients>[1]): Promise<LeasedGroup[]> {
  return await db.write(async (tx) => {
    const recipients = await leaseDueRecipients(tx, take);
    if (recipients.length === 0) return [];
    const groups = Map.groupBy(recipients, (recipient) => recipient.message);
    const messages: LeasedMessage[] = [];
    for (const batch of inBatches([...groups.keys()])) {
      messages.push(
        ...(await tx.all<LeasedMessage>(sql`SELECT id, account, sender, message_id AS "messageId",
          from_id AS "fromId", envid, ret, tls, has_8bit AS "has8bit", smtputf8, prefix,
          body_size_bytes AS "bodySizeBytes", crc32, blob_id AS "blobId", start_ms AS "startMs" FROM queue_message WHERE id IN ${inList(batch)}`)),
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
export async function releaseLease(db: Database, lease: string, ids: readonly RecipientId[]): Promise<void> {
  await db.write((tx) => releaseRecipients(tx, lease, ids), 'reserve');
}

/** RFC 3463 §3.4: x.3.5 is a system that is not configured right, which is what a refused login of ours is. No other trouble has it in the queue. */
export const pausedStatus = '4.3.5';

const resumedAtOnce = 200;

/** Makes recipients due that wait for a paused transport, or for any when null. A few hundred in each transaction. */
export async function endPause(db: Database, transport: string | null, nowMs: number): Promise<void> {
  const wanted = { transport, status: pausedStatus, nowMs, limit: resumedAtOnce };
  for (let changed = resumedAtOnce; changed === resumedAtOnce;) {
    changed = await db.write((tx) => makeDueByStatus(tx, wanted), 'reserve');
  }
}

/** Gives recipients back untried, to wait in other lanes. */
export async function moveLeased(
  db: Database,
  lease: string,
  moves: readonly { readonly id: RecipientId; readonly lane: Lane }[],
): Promise<void> {
  await db.write(async (tx) => {
    for (const { id, lane } of moves) await releaseIntoLane(tx, lease, id, lane);
  }, 'reserve');
}

/** Gives back what was leased until `beforeMs` or earlier, by runners that are gone. @returns how many. */
export async function recoverLeases(db: Database, beforeMs: number): Promise<number> {
  if (!(await db.read((reader) => hasEndedLease(reader, beforeMs)))) return 0;
  return await db.write((tx) => releaseEndedLeases(tx, beforeMs), 'reserve');
}
