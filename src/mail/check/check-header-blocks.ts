import type { Account } from '#mail/accounts';
import type { DamagedBlock } from '#mail/header-cache';
import { pageRows } from '#mail/schema';
import { sql, type Reader } from '#ports/database';
import type { AccountId, MailboxId } from '#lib/ids';
import type { Report } from './store-problem.ts';

/** Checks that blocks of header fields say what the messages say. They repeat it, so that nothing is lost with them. */
export async function checkHeaderBlocks(account: Account, report: Report): Promise<void> {
  for await (const { mailbox, block } of damagedBlocks(account)) {
    const { firstUid, lastUid, reason } = block;
    report(
      'headers',
      `the header fields of UIDs ${firstUid} to ${lastUid} of mailbox ${mailbox} are kept in a block that ${reason}`,
    );
  }
}

/** Drops the blocks that are damaged; they are made anew when a client lists or searches the mailbox. @returns how many. */
export async function dropDamagedBlocks(account: Account): Promise<number> {
  const damaged = await Array.fromAsync(damagedBlocks(account));
  for (const { mailbox, block } of damaged) await account.headers.drop(mailbox, block.firstUid);
  return damaged.length;
}

async function* damagedBlocks(
  account: Account,
): AsyncGenerator<{ readonly mailbox: MailboxId; readonly block: DamagedBlock }> {
  const { db, id, headers } = account;
  for (let last: MailboxId | null = null; ;) {
    const mailbox = await db.read((reader) => mailboxAfter(reader, id, last));
    if (mailbox === null) return;
    last = mailbox;
    const uids = Uint32Array.from(await db.read((reader) => allUids(reader, id, mailbox)));
    for await (const block of headers.damagedBlocks(mailbox, uids)) yield { mailbox, block };
  }
}

/** Returns the next mailbox that has blocks, null when there is none. A list of all would be made from every row. */
async function mailboxAfter(reader: Reader, account: AccountId, last: MailboxId | null): Promise<MailboxId | null> {
  const row = await reader.get<{ mailbox: MailboxId }>(
    sql`SELECT mailbox FROM header_block WHERE account = ${account} AND mailbox > ${last ?? -1} ORDER BY mailbox LIMIT 1`,
  );
  return row?.mailbox ?? null;
}

async function allUids(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<number[]> {
  const uids: number[] = [];
  for (let last = 0; ;) {
    const rows = await reader.arrays(
      sql`SELECT uid FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid > ${last} ORDER BY uid LIMIT ${pageRows}`,
    );
    for (const [uid] of rows) uids.push(Number(uid));
    if (rows.length < pageRows) return uids;
    last = uids.at(-1) ?? 0;
  }
}
