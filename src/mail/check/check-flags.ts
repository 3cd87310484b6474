import { SystemFlag } from '#lib/flags';
import type { AccountId, MailboxId } from '#lib/ids';
import { blockOf, FlagBlock, FlagsDamaged, selectStates } from '#mail/flag-blocks';
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
const spanUids = 1024;

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
  const present = await presentBlocks(reader, account, mailbox, problems);
  const damage = typeof present === 'string' ? present : null;
  const blocks = typeof present === 'string' ? new Map<number, FlagBlock>() : present;
  const count = { messages: 0, unseen: 0, sizeBytes: 0, maxUid: 0, maxModSeq: 0 };
  const deleted: number[] = [];
  // Blocks are looked into between the statements about their rows, which yield to others.
  for await (const sum of sumsOf(reader, account, mailbox)) {
    count.messages += sum.messages;
    count.sizeBytes += sum.sizeBytes;
    count.maxUid = sum.maxUid;
    if (damage !== null) continue;
    const present = countBlock(blocks.get(sum.block), deleted);
    blocks.delete(sum.block);
    count.unseen += present.unseen;
    count.maxModSeq = Math.max(count.maxModSeq, present.maxModSeq);
    if (present.messages !== sum.messages || present.uids !== sum.uids)
      problems.push(`flag block ${sum.block} has other messages than its rows`);
    else if (sum.createModSeq > present.maxModSeq) problems.push(`flag block ${sum.block} is older than its messages`);
  }
  for (const [number, block] of blocks) {
    const present = countBlock(block, deleted);
    count.unseen += present.unseen;
    count.maxModSeq = Math.max(count.maxModSeq, present.maxModSeq);
    if (present.messages > 0) problems.push(`flag block ${number} has messages that do not exist`);
  }
  const deletedSizeBytes = await sizeOf(reader, account, mailbox, deleted);
  return { ...count, deleted: deleted.length, deletedSizeBytes, problems, damage };
}

/** The blocks of a mailbox by number, those of messages that no stored one speaks for among them; a sentence when a block cannot be read. */
async function presentBlocks(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  problems: string[],
): Promise<Map<number, FlagBlock> | string> {
  const found = new Map<number, FlagBlock>();
  try {
    const { blocks, rest } = await selectStates(reader, account, mailbox);
    for (const { block, lastUid } of blocks) {
      if ((block.uids.at(-1) ?? lastUid) > lastUid)
        problems.push(`flag block ${block.number} goes beyond its last UID`);
      found.set(block.number, block);
    }
    for (const [uid, flags, keywords, modSeq] of rest) {
      const number = blockOf(uid);
      const block = found.get(number) ?? new FlagBlock(number);
      block.push(uid, { flags, keywords }, modSeq);
      found.set(number, block);
    }
    return found;
  } catch (error) {
    if (error instanceof FlagsDamaged) return error.message;
    throw error;
  }
}

/** Messages of one block added up; the UIDs of those with \Deleted are added to `deleted`. */
function countBlock(block: FlagBlock | undefined, deleted: number[]) {
  const sum = { messages: 0, uids: 0, unseen: 0, maxModSeq: block?.modSeq ?? 0 };
  for (const [i, uid] of block?.uids.entries() ?? []) {
    const flags = block?.sets[block.setOf[i] ?? 0]?.flags ?? 0;
    sum.messages += 1;
    sum.uids += uid;
    if ((flags & SystemFlag.Seen) === 0) sum.unseen += 1;
    if ((flags & SystemFlag.Deleted) !== 0) deleted.push(uid);
  }
  return sum;
}

/** Rows added up by block, some blocks for each statement. */
async function* sumsOf(reader: Reader, account: AccountId, mailbox: MailboxId): AsyncGenerator<BlockSum> {
  for (let from = 0; ;) {
    const next = await reader.get<{ uid: number }>(
      sql`SELECT uid FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${from} ORDER BY uid LIMIT 1`,
    );
    if (next === undefined) return;
    const start = next.uid - (next.uid % spanUids);
    from = start + spanUids;
    yield* await reader.all<BlockSum>(
      sql`SELECT uid / 256 AS block, COUNT(*) AS messages, SUM(uid) AS uids, MAX(uid) AS "maxUid", SUM(size_bytes) AS "sizeBytes",
        MAX(create_modseq) AS "createModSeq" FROM message
        WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${start} AND uid < ${from} GROUP BY uid / 256 ORDER BY uid / 256`,
    );
  }
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
