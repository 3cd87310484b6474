import type { QueueId, RecipientId } from '#lib/ids';
import { sql, type Reader, type Sql, type Tx } from '#ports/database';

/**
 * What happened to a recipient besides attempts. By operators: `held`, `released`, `kicked`, `dropped`, `failed` (reason), `transport` (transport),
 * `tls` (tls). By the sender: `recalled`. By the queue: `heldByRule` (rule, reason) and `suppressed` (address, source, reason, sinceMs) when it was accepted, `suppressing`
 * (address, reply) when a refusal led to a suppression, `told` (notice, to, messageId) when the sender got a notice, `lateOutcome` (outcome, host, reply) when the lease had ended before the attempt did.
 * By #mail/feedback: `notice` (trust, action and other facts) when another server reported it.
 */
export type QueueEventKind =
  | 'held'
  | 'released'
  | 'kicked'
  | 'dropped'
  | 'failed'
  | 'recalled'
  | 'transport'
  | 'tls'
  | 'heldByRule'
  | 'suppressed'
  | 'suppressing'
  | 'told'
  | 'lateOutcome'
  | 'notice';

/** An event to write. */
export interface NewQueueEvent {
  readonly atMs: number;
  readonly kind: QueueEventKind;
  /** JSON values, for people and programs. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** An event of a message, as it was written. */
export interface QueueEvent {
  /** Row id of the recipient, null for all of the message. */
  readonly recipient: RecipientId | null;
  readonly atMs: number;
  /** A `QueueEventKind`, or one that another version wrote. */
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const maxEvents = 2000;

/** Writes an event of one recipient, or with null of the message. */
export async function writeEvent(
  tx: Tx,
  { message, recipient }: { readonly message: QueueId; readonly recipient: RecipientId | null },
  { atMs, kind, detail }: NewQueueEvent,
): Promise<void> {
  await tx.run(sql`INSERT INTO queue_event (message, recipient, at_ms, kind, detail)
    VALUES (${message}, ${recipient}, ${atMs}, ${kind}, ${JSON.stringify(detail)})`);
}

/** Writes the same event for each recipient that `selectRecipients` selects. @returns for how many. */
export async function writeEvents(tx: Tx, recipients: Sql, { atMs, kind, detail }: NewQueueEvent): Promise<number> {
  return await tx.run(sql`INSERT INTO queue_event (message, recipient, at_ms, kind, detail)
    SELECT message, id, CAST(${atMs} AS BIGINT), CAST(${kind} AS TEXT), CAST(${JSON.stringify(detail)} AS TEXT)
    FROM (${recipients}) AS selected`);
}

/** The events of a message, oldest first; at most 2000. */
export async function readEvents(reader: Reader, message: QueueId): Promise<QueueEvent[]> {
  const rows = await reader.all<Omit<QueueEvent, 'detail'> & { readonly detail: string }>(sql`SELECT recipient,
    at_ms AS "atMs", kind, detail FROM queue_event WHERE message = ${message} ORDER BY id LIMIT ${maxEvents}`);
  return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) as QueueEvent['detail'] }));
}
