import { ipMasks, parseIp } from '#lib/domain';
import type { AccountId, ContentId } from '#lib/ids';
import { discardBlob } from '#mail/content';
import { inBatches, inList } from '#mail/schema';
import type { BlobId } from '#ports/blobs';
import { sql, type Sql, type Tx } from '#ports/database';
import type { NewMessage, ReceptionFacts } from './message.ts';

/** Rows of emails are wide, a page of the database has few of them: a statement on so many takes a millisecond or so. */
const statementEmails = 128;

/** As long as of mail that was refused (#mail/story). */
const keepDepartedMs = 14 * 86_400_000;

const notReceived: ReceptionFacts = {
  remoteIp: null,
  helo: null,
  mailFrom: null,
  rcptTo: null,
  fromOrgDomain: null,
  validation: null,
};

/**
 * Adds the row of what never changes about a message, with one place referring to it. The column `body` is empty: BODY is
 * BODYSTRUCTURE without its extension data. Rows of versions up to 0.1 have it, and keep it (RFC 9051 §2.3.1.1).
 */
export async function insertEmail(
  tx: Tx,
  account: AccountId,
  id: ContentId,
  thread: number,
  message: NewMessage,
): Promise<void> {
  const { description: d, prefix, body } = message;
  const { remoteIp, helo, mailFrom, rcptTo, fromOrgDomain, validation } = message.reception ?? notReceived;
  const [mask1, mask2, mask3] = remoteIp === null ? noMasks : masksOf(remoteIp);
  await tx.run(
    sql`INSERT INTO email (account, id, refs, thread, size_bytes, header_bytes, received_ms, sent_day_ms, message_id, base_subject,
      from_address, from_domain, from_org_domain, remote_ip, remote_mask1, remote_mask2, remote_mask3, helo, mail_from, rcpt_to,
      validation, preview, prefix, envelope, body, bodystructure, structure)
      VALUES (${account}, ${id}, 1, ${thread}, ${prefix.length + body.sizeBytes}, ${prefix.length + d.headerBytes}, ${message.receivedMs},
      ${d.sentDayMs}, ${d.messageId}, ${d.baseSubject}, ${d.fromAddress}, ${d.fromDomain}, ${fromOrgDomain}, ${remoteIp}, ${mask1},
      ${mask2}, ${mask3}, ${helo}, ${mailFrom}, ${rcptTo}, ${validation}, ${message.preview}, ${prefix}, ${d.envelope}, '',
      ${d.bodyStructure}, ${d.structure})`,
  );
}

const noMasks = [null, null, null] as const;

function masksOf(address: string): readonly [string | null, string | null, string | null] {
  const ip = parseIp(address);
  if (!ip.ok) return noMasks;
  const { m1, m2, m3 } = ipMasks(ip.value);
  return [m1, m2, m3];
}

/** One more place for each email; an id that occurs twice gets two. */
export async function addReferences(tx: Tx, account: AccountId, ids: readonly ContentId[]): Promise<void> {
  for (const [count, group] of byCount(ids)) {
    for (const batch of inBatches(group, statementEmails)) {
      await tx.run(sql`UPDATE email SET refs = refs + ${count} WHERE account = ${account} AND id IN ${inList(batch)}`);
    }
  }
}

/** One place less for each email; those without any go, with their bytes. */
export async function dropReferences(
  tx: Tx,
  account: AccountId,
  ids: readonly ContentId[],
  nowMs: number,
): Promise<void> {
  for (const [count, group] of byCount(ids)) {
    for (const batch of inBatches(group, statementEmails)) {
      // Rows that go are not rewritten before.
      const lost = await tx.arrays(
        sql`SELECT id FROM email WHERE account = ${account} AND id IN ${inList(batch)} AND refs <= ${count}`,
      );
      const dead = lost.map(([id]) => Number(id) as ContentId);
      if (dead.length < batch.length) {
        const gone = new Set(dead);
        const kept = batch.filter((id) => !gone.has(id));
        await tx.run(sql`UPDATE email SET refs = refs - ${count} WHERE account = ${account} AND id IN ${inList(kept)}`);
      }
      if (dead.length > 0) await deleteEmails(tx, account, dead, nowMs);
    }
  }
}

async function deleteEmails(tx: Tx, account: AccountId, ids: readonly ContentId[], nowMs: number): Promise<void> {
  const list = inList(ids);
  const blobs = await tx.all<{ blob: BlobId }>(
    sql`SELECT blob_id AS blob FROM content WHERE account = ${account} AND id IN ${list} AND blob_id IS NOT NULL`,
  );
  for (const { blob } of blobs) await discardBlob(tx, account, blob, nowMs);
  await rememberDeparted(tx, account, list, nowMs);
  await tx.run(sql`DELETE FROM content WHERE account = ${account} AND id IN ${list}`);
  await tx.run(sql`DELETE FROM email WHERE account = ${account} AND id IN ${list}`);
}

/** Mail that others sent is remembered for a while: for its story, not for its content. */
async function rememberDeparted(tx: Tx, account: AccountId, ids: Sql, nowMs: number): Promise<void> {
  await tx.run(sql`DELETE FROM departed WHERE account = ${account} AND gone_ms < ${nowMs - keepDepartedMs}`);
  await tx.run(sql`INSERT INTO departed (account, gone_ms, email, message_id, size_bytes, received_ms,
      remote_ip, mail_from, rcpt_to, validation)
    SELECT account, CAST(${nowMs} AS BIGINT), id, message_id, size_bytes, received_ms, remote_ip, mail_from, rcpt_to, validation FROM email
    WHERE account = ${account} AND id IN ${ids} AND mail_from IS NOT NULL`);
}

/** Ids by how often they occur: nearly always once. */
function byCount(ids: readonly ContentId[]): Map<number, ContentId[]> {
  const counts = new Map<ContentId, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  const groups = new Map<number, ContentId[]>();
  for (const [id, count] of counts) {
    const group = groups.get(count);
    if (group === undefined) groups.set(count, [id]);
    else group.push(id);
  }
  return groups;
}
