import type { AccountId, ContentId, MailboxId } from '#lib/ids';
import { inBatches, inList } from '#mail/schema';
import { sql, type Sql, type Tx } from '#ports/database';
import { uidCondition } from './message-rows.ts';
import { uidSpans, type UidSpan } from './uid-spans.ts';

/** Emails of one statement, which holds the event loop until it has done them all. */
const statementEmails = 128;

/** Messages of a mailbox whose numbers of places change. */
interface Counted {
  readonly mailbox: MailboxId;
  /** Ascending; all of them exist. */
  readonly uids: readonly number[];
  /** Of each message. */
  readonly emails: readonly ContentId[];
}

/** Counts one more place for the email of each of these messages. Only narrow rows are touched: descriptions stay as they are. */
export async function addPlaces(tx: Tx, account: AccountId, { mailbox, uids, emails }: Counted): Promise<void> {
  // Grouping sorts, and two copies of one email in one mailbox are rare.
  const isEachOnce = new Set(emails).size === emails.length;
  const emailsAndCounts = (span: UidSpan): Sql =>
    isEachOnce
      ? sql`SELECT account, email, 1 FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)}`
      : sql`SELECT account, email, COUNT(*) FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)}
        GROUP BY account, email`;
  for (const span of uidSpans(uids)) {
    await tx.run(
      sql`INSERT INTO shared_email (account, id, copies) ${emailsAndCounts(span)}
        ON CONFLICT (account, id) DO UPDATE SET copies = shared_email.copies + excluded.copies`,
    );
  }
}

/** Counts one place less for the email of each of these messages, which still exist. Emails without any other place are left to `EmailEraser`. */
export async function dropPlaces(
  tx: Tx,
  account: AccountId,
  { mailbox, uids, emails }: Counted,
  nowMs: number,
): Promise<void> {
  const copies = await copiesOf(tx, account, emails);
  for (const span of uidSpans(uids)) {
    await tx.run(
      sql`INSERT INTO expunged_email (account, id, gone_ms)
        SELECT m.account, m.email, CAST(${nowMs} AS BIGINT) FROM message AS m
        WHERE m.account = ${account} AND m.mailbox = ${mailbox} AND ${uidCondition(span)}
        AND NOT EXISTS (SELECT 1 FROM shared_email AS s WHERE s.account = m.account AND s.id = m.email)
        ON CONFLICT DO NOTHING`,
    );
  }
  if (copies.size > 0) await dropShared(tx, account, emails, copies, nowMs);
}

async function copiesOf(tx: Tx, account: AccountId, emails: readonly ContentId[]): Promise<Map<ContentId, number>> {
  const copies = new Map<ContentId, number>();
  for (const batch of inBatches(emails, statementEmails)) {
    const rows = await tx.arrays(
      sql`SELECT id, copies FROM shared_email WHERE account = ${account} AND id IN ${inList(batch)}`,
    );
    for (const [id, count] of rows) copies.set(Number(id) as ContentId, Number(count));
  }
  return copies;
}

/** Emails with several places, some of which go: their counts are written together with those that lose as many. */
async function dropShared(
  tx: Tx,
  account: AccountId,
  emails: readonly ContentId[],
  copies: ReadonlyMap<ContentId, number>,
  nowMs: number,
): Promise<void> {
  const losses = new Map<ContentId, number>();
  for (const id of emails) if (copies.has(id)) losses.set(id, (losses.get(id) ?? 0) + 1);
  for (const [loss, group] of Map.groupBy(losses, ([, count]) => count)) {
    for (const batch of inBatches(group, statementEmails)) {
      const list = inList(batch.map(([id]) => id));
      await tx.run(sql`UPDATE shared_email SET copies = copies - ${loss} WHERE account = ${account} AND id IN ${list}`);
      await tx.run(
        sql`INSERT INTO expunged_email (account, id, gone_ms)
          SELECT account, id, CAST(${nowMs} AS BIGINT) FROM shared_email WHERE account = ${account} AND id IN ${list} AND copies < 0
          ON CONFLICT DO NOTHING`,
      );
      await tx.run(sql`DELETE FROM shared_email WHERE account = ${account} AND id IN ${list} AND copies <= 0`);
    }
  }
}
