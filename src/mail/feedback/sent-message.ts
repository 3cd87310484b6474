import type { AccountId, QueueId } from '#lib/ids';
import { triedRecipients, type TriedRecipient } from '#mail/queue';
import { inList } from '#mail/schema';
import { sql, type Reader, type Sql } from '#ports/database';
import { feedbackLimits } from './limits.ts';

/** By what a message was recognised, the surest first; see the head of this module. */
export type Trust = 'fromId' | 'envelopeId' | 'messageId';

/** A message that we sent. */
export interface SentMessage {
  readonly id: QueueId;
  readonly account: AccountId;
  readonly sender: string;
  readonly messageId: string | null;
  readonly fromId: string | null;
  readonly envid: string | null;
}

/** Messages of one account that a notice may be about. */
export interface SentMessages {
  readonly trust: Trust;
  /** At least one, the newest first. */
  readonly messages: readonly [SentMessage, ...SentMessage[]];
  /** Those that were tried at least once, of the newest message first. */
  readonly recipients: readonly TriedRecipient[];
}

/** Clues of a notice about the message. */
interface Clues {
  readonly accounts: readonly AccountId[];
  readonly fromIds: readonly string[];
  readonly envelopeId: string | null;
  readonly messageId: string | null;
  readonly nowMs: number;
}

/** Finds what a notice is about by the surest clue that leads to anything; null when none does. */
export async function findSentMessages(reader: Reader, clues: Clues): Promise<SentMessages | null> {
  const { accounts, fromIds, envelopeId, messageId, nowMs } = clues;
  const recent = sql`received_ms >= ${nowMs - feedbackLimits.recentMs}`;
  const ways: readonly (readonly [Trust, Sql | null])[] = [
    ['fromId', fromIds.length === 0 ? null : sql`from_id IN ${inList(fromIds.map((id) => id.toLowerCase()))}`],
    ['envelopeId', envelopeId === null ? null : sql`envid = ${envelopeId} AND ${recent}`],
    ['messageId', messageId === null ? null : sql`message_id = ${messageId} AND ${recent}`],
  ];
  for (const [trust, condition] of ways) {
    if (condition === null) continue;
    // RFC 5321 §4.5.5: no notice is sent about mail with the null reverse-path.
    const rows =
      await reader.all<SentMessage>(sql`SELECT id, account, sender, message_id AS "messageId", from_id AS "fromId", envid FROM queue_message
      WHERE ${condition} AND account IN ${inList(accounts)} AND sender <> '' ORDER BY id DESC LIMIT ${feedbackLimits.maxMessages}`);
    const [first] = rows;
    if (first === undefined) continue;
    const more = rows.slice(1).filter(({ account }) => account === first.account);
    const messages: SentMessages['messages'] = [first, ...more];
    const recipients = await triedRecipients(
      reader,
      messages.map(({ id }) => id),
      feedbackLimits.maxRecipients,
    );
    if (recipients.length === 0) continue;
    return { trust, messages, recipients };
  }
  return null;
}
