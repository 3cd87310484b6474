import type { AccountId, ContentId } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import type { NewMessage, ReceptionFacts } from './message.ts';

const notReceived: ReceptionFacts = {
  remoteIp: null,
  mailFrom: null,
  rcptTo: null,
  validation: null,
};

/**
 * Adds the row of what never changes about a message. The columns `envelope`, `body`, `bodystructure` and `structure` are empty: they are those of messages
 * that were stored before there were descriptions, and keep what clients were sent (RFC 9051 §2.3.1.1). The column `refs` is not read anymore: see
 * the table `shared_email`. Columns that are neither named here nor read are in tools/check-columns.ts.
 */
export async function insertEmail(
  tx: Tx,
  account: AccountId,
  id: ContentId,
  thread: number,
  message: NewMessage,
): Promise<void> {
  const { described: d, prefix, body } = message;
  const { remoteIp, mailFrom, rcptTo, validation } = message.reception ?? notReceived;
  await tx.run(
    sql`INSERT INTO email (account, id, refs, thread, size_bytes, header_bytes, received_ms, sent_day_ms, message_id, base_subject,
      remote_ip, mail_from, rcpt_to, validation, preview, prefix, envelope, body, bodystructure, structure, description)
      VALUES (${account}, ${id}, 1, ${thread}, ${prefix.length + body.sizeBytes}, ${prefix.length + d.headerBytes}, ${message.receivedMs},
      ${d.sentDayMs}, ${d.messageId}, ${d.baseSubject}, ${remoteIp}, ${mailFrom}, ${rcptTo}, ${validation}, ${message.preview}, ${prefix}, '', '', '', '',
      ${d.description})`,
  );
}
