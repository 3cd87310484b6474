import { SystemFlag } from '#lib/flags';
import type { AccountId, MailboxId } from '#lib/ids';
import { blockOf, FlagsDamaged, selectStates, type BlockEntry } from '#mail/flag-blocks';
import { inBatches, inList } from '#mail/schema';
import { sql, type Reader } from '#ports/database';

/** Sums over the messages of a mailbox. */
export interface MailboxCount {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
  readonly deletedSizeBytes: number;
  readonly maxUid: number;
  readonly maxModSeq: number;
  /** Sentences about flag blocks that do not fit their messages. */
  readonly problems: readonly string[];
  /** Sentence about blocks that cannot be read, so that nothing is known of flags; null when there are none. */
  readonly damage: string | null;
}

/** UIDs whose rows one statement adds up. */
const spanUids = 4096;

/** The rows of one block added up. */
interface BlockSum {
  readonly block: number;
  readonly messages: number;
  readonly uids: number;
  readonly maxUid: number;
  readonly sizeBytes: number;
  readonly createModSeq: number;
}

/** Counts the messages of a mailbox by their present flags, and compares its flag blocks with its rows. */
export async function countMailbox(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<MailboxCount> {
  const problems: string[] = [];
  const sums = await sumsOf(reader, account, mailbox);
  const present = await presentEntries(reader, account, mailbox, problems);
  const damage = typeof present === 'string' ? present : null;
  const entries = typeof present === 'string' ? [] : present;
  if (damage === null) compare(entries, sums, problems);
  const deleted = entries.filter(({ flags }) => (flags & SystemFlag.Deleted) !== 0).map(({ uid }) => uid);
  return {
    messages: sums.reduce((sum, { messages }) => sum + messages, 0),
    unseen: entries.filter(({ flags }) => (flags & SystemFlag.Seen) === 0).length,
    deleted: deleted.length,
    sizeBytes: sums.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    deletedSizeBytes: await sizeOf(reader, account, mailbox, deleted),
    maxUid: sums.at(-1)?.maxUid ?? 0,
    maxModSeq: entries.reduce((max, { modSeq }) => Math.max(max, modSeq), 0),
    problems,
    damage,
  };
}

/** Messages with their flags; a sentence when a block cannot be read. */
async function presentEntries(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  problems: string[],
): Promise<BlockEntry[] | string> {
  try {
    const { blocks, rest } = await selectStates(reader, account, mailbox);
    const entries: BlockEntry[] = [];
    for (const { block, lastUid } of blocks) {
      if ((block.uids.at(-1) ?? lastUid) > lastUid)
        problems.push(`flag block ${block.number} goes beyond its last UID`);
      for (let i = 0; i < block.uids.length; i += 1) entries.push(block.at(i));
    }
    for (const [uid, flags, keywords, modSeq] of rest) entries.push({ uid, flags, keywords, modSeq });
    return entries;
  } catch (error) {
    if (error instanceof FlagsDamaged) return error.message;
    throw error;
  }
}

/** Rows added up by block, some blocks for each statement. */
async function sumsOf(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<BlockSum[]> {
  const sums: BlockSum[] = [];
  for (let from = 0; ;) {
    const next = await reader.get<{ uid: number }>(
      sql`SELECT uid FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${from} ORDER BY uid LIMIT 1`,
    );
    if (next === undefined) return sums;
    const start = next.uid - (next.uid % spanUids);
    from = start + spanUids;
    const some = await reader.all<BlockSum>(
      sql`SELECT uid / 256 AS block, COUNT(*) AS messages, SUM(uid) AS uids, MAX(uid) AS "maxUid", SUM(size_bytes) AS "sizeBytes",
        MAX(create_modseq) AS "createModSeq" FROM message
        WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${start} AND uid < ${from} GROUP BY uid / 256 ORDER BY uid / 256`,
    );
    sums.push(...some);
  }
}

function compare(entries: readonly BlockEntry[], sums: readonly BlockSum[], problems: string[]): void {
  const byBlock = Map.groupBy(entries, ({ uid }) => blockOf(uid));
  for (const { block, messages, uids, createModSeq } of sums) {
    const some = byBlock.get(block) ?? [];
    byBlock.delete(block);
    if (some.length !== messages || some.reduce((sum, { uid }) => sum + uid, 0) !== uids)
      problems.push(`flag block ${block} has other messages than its rows`);
    else if (createModSeq > some.reduce((max, { modSeq }) => Math.max(max, modSeq), 0))
      problems.push(`flag block ${block} is older than its messages`);
  }
  for (const block of byBlock.keys()) problems.push(`flag block ${block} has messages that do not exist`);
}

async function sizeOf(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly number[],
): Promise<number> {
  let sizeBytes = 0;
  for (const batch of inBatches(uids)) {
    const row = await reader.get<{ size: number | null }>(
      sql`SELECT SUM(size_bytes) AS size FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid IN ${inList(batch)}`,
    );
    sizeBytes += row?.size ?? 0;
  }
  return sizeBytes;
}
