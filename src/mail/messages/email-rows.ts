import { ipMasks, parseIp } from '#lib/domain';
import type { AccountId, ContentId } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import type { NewMessage, ReceptionFacts } from './message.ts';

const notReceived: ReceptionFacts = {
  remoteIp: null,
  helo: null,
  mailFrom: null,
  rcptTo: null,
  fromOrgDomain: null,
  validation: null,
};

/**
 * Adds the row of what never changes about a message. The columns `envelope`, `body`, `bodystructure` and `structure` are empty: they are those of messages
 * that were stored before there were descriptions, and keep what clients were sent (RFC 9051 §2.3.1.1). The column `refs` is not read anymore: see
 * the table `shared_email`.
 */
export async function insertEmail(
  tx: Tx,
  account: AccountId,
  id: ContentId,
  thread: number,
  message: NewMessage,
): Promise<void> {
  const { described: d, prefix, body } = message;
  const { remoteIp, helo, mailFrom, rcptTo, fromOrgDomain, validation } = message.reception ?? notReceived;
  const [mask1, mask2, mask3] = remoteIp === null ? noMasks : masksOf(remoteIp);
  await tx.run(
    sql`INSERT INTO email (account, id, refs, thread, size_bytes, header_bytes, received_ms, sent_day_ms, message_id, base_subject,
      from_address, from_domain, from_org_domain, remote_ip, remote_mask1, remote_mask2, remote_mask3, helo, mail_from, rcpt_to,
      validation, preview, prefix, envelope, body, bodystructure, structure, description)
      VALUES (${account}, ${id}, 1, ${thread}, ${prefix.length + body.sizeBytes}, ${prefix.length + d.headerBytes}, ${message.receivedMs},
      ${d.sentDayMs}, ${d.messageId}, ${d.baseSubject}, ${d.fromAddress}, ${d.fromDomain}, ${fromOrgDomain}, ${remoteIp}, ${mask1},
      ${mask2}, ${mask3}, ${helo}, ${mailFrom}, ${rcptTo}, ${validation}, ${message.preview}, ${prefix}, '', '', '', '',
      ${d.description})`,
  );
}

const noMasks = [null, null, null] as const;

function masksOf(address: string): readonly [string | null, string | null, string | null] {
  const ip = parseIp(address);
  if (!ip.ok) return noMasks;
  const { m1, m2, m3 } = ipMasks(ip.value);
  return [m1, m2, m3];
}
