import type { QueueId } from '#lib/ids';
import { inBatches, inList } from '#mail/schema';
import { sql, type Tx } from '#ports/database';
import type { QueueFollower } from './follower.ts';
import { hasRecipients, needsContent, removeFinishedOf } from './recipient-rows.ts';

const garbageGraceMs = 60 * 60_000;

/** Arguments of `finishMessages` besides the messages. */
export interface FinishContext {
  readonly nowMs: number;
  readonly keepFinishedMs: number;
  /** Sees recipients before they are removed; null for none. */
  readonly follower: QueueFollower | null;
}

/**
 * Lets go of what finished recipients do not need any more: content once no recipient of the message needs it,
 * and the rows themselves when `keepFinishedMs` is 0. A blob becomes garbage after its row is gone (invariant 2).
 */
export async function finishMessages(tx: Tx, messages: readonly QueueId[], now: FinishContext): Promise<void> {
  for (const batch of inBatches(messages)) {
    if (now.keepFinishedMs === 0) await removeFinishedOf(tx, batch, now.follower);
    await releaseContent(tx, batch, now.nowMs);
    if (now.keepFinishedMs === 0) await removeEmptyMessages(tx, batch);
  }
}

/** Removes messages that have no recipients left, and their events. */
export async function removeEmptyMessages(tx: Tx, messages: readonly QueueId[]): Promise<void> {
  await tx.run(sql`DELETE FROM queue_event WHERE message IN ${inList(messages)}
    AND NOT ${hasRecipients(sql`queue_event.message`)}`);
  await tx.run(sql`DELETE FROM queue_message WHERE id IN ${inList(messages)}
    AND NOT ${hasRecipients(sql`queue_message.id`)}`);
}

async function releaseContent(tx: Tx, messages: readonly QueueId[], nowMs: number): Promise<void> {
  const list = inList(messages);
  await tx.run(sql`DELETE FROM queue_content WHERE message IN ${list}
    AND NOT ${needsContent(sql`queue_content.message`)}`);
  const done = await tx.all<{ id: QueueId; blob: string }>(sql`SELECT id, blob_id AS blob FROM queue_message
    WHERE id IN ${list} AND blob_id IS NOT NULL
    AND NOT ${needsContent(sql`queue_message.id`)}`);
  for (const { id, blob } of done) {
    await tx.run(
      sql`INSERT INTO queue_garbage (blob_id, due_ms) VALUES (${blob}, ${nowMs + garbageGraceMs}) ON CONFLICT DO NOTHING`,
    );
    await tx.run(sql`UPDATE queue_message SET blob_id = NULL WHERE id = ${id}`);
  }
}
