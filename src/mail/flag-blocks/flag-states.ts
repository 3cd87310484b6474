import type { AccountId, MailboxId } from '#lib/ids';
import { sql, type Reader, type Tx } from '#ports/database';
import { blockOf, endOfBlock, selectBlocks, writeBlock, type StoredBlock } from './flag-block-rows.ts';
import { FlagBlock, type BlockEntry } from './flag-block.ts';

/** A message that no block covers, with the state in its own row. */
export type FirstState = readonly [uid: number, flags: number, keywords: string, modSeq: number];

/** Reads the messages of a mailbox from `fromUid` to `toUid`, both included, in the state in which they arrived, ascending. */
export async function selectFirstStates(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  fromUid: number,
  toUid = 0xffff_ffff,
): Promise<readonly FirstState[]> {
  const rows = await reader.arrays(
    sql`SELECT uid, first_flags, first_keywords, create_modseq FROM message
      WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${fromUid} AND uid <= ${toUid} ORDER BY uid`,
  );
  return rows as unknown as readonly FirstState[];
}

/** Reads the states of a whole mailbox: its blocks, and the messages after them. @throws FlagsDamaged */
export async function selectStates(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
): Promise<{ readonly blocks: readonly StoredBlock[]; readonly rest: readonly FirstState[] }> {
  const blocks = await selectBlocks(reader, account, mailbox);
  const rest = await selectFirstStates(reader, account, mailbox, (blocks.at(-1)?.lastUid ?? 0) + 1);
  return { blocks, rest };
}

/** Reads the stored blocks of some messages, by block number; `uids` ascend. @throws FlagsDamaged */
export async function blocksOfUids(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
): Promise<Map<number, StoredBlock>> {
  const found = new Map<number, StoredBlock>();
  for (const [from, to] of blockRanges(uids)) {
    for (const stored of await selectBlocks(reader, account, mailbox, from, to)) found.set(stored.block.number, stored);
  }
  return found;
}

/** Reads the blocks of some messages, each completed with all messages of its UIDs; `uids` ascend. @throws FlagsDamaged */
export async function wholeBlocks(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
): Promise<StoredBlock[]> {
  const stored = await blocksOfUids(reader, account, mailbox, uids);
  const whole: StoredBlock[] = [];
  for (const number of blockNumbers(uids))
    whole.push(await completed(reader, account, mailbox, number, stored.get(number)));
  return whole;
}

/**
 * Packs the blocks that new messages have filled, so that at most one block of a mailbox has messages without a packed state.
 * @param firstUid  UID of the first new message.
 * @param uidNext  UIDNEXT after the new messages.
 */
export async function packBlocks(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  firstUid: number,
  uidNext: number,
): Promise<void> {
  for (let number = blockOf(firstUid); number < blockOf(uidNext); number += 1) {
    const [stored] = await selectBlocks(tx, account, mailbox, number, number);
    const { block } = await completed(tx, account, mailbox, number, stored);
    await writeBlock(tx, account, mailbox, { block, lastUid: endOfBlock(number) });
  }
}

/** Adds new messages after all others with these states, regardless of their own rows. */
export async function pushStates(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  entries: readonly BlockEntry[],
): Promise<void> {
  const last = entries.at(-1)?.uid ?? 0;
  const [first] = entries;
  if (first === undefined) return;
  let { block } = await before(tx, account, mailbox, first.uid);
  for (const entry of entries) {
    if (blockOf(entry.uid) !== block.number) {
      await writeBlock(tx, account, mailbox, { block, lastUid: endOfBlock(block.number) });
      block = new FlagBlock(blockOf(entry.uid));
    }
    block.push(entry.uid, entry, entry.modSeq);
  }
  const isFull = blockOf(last + 1) !== block.number;
  await writeBlock(tx, account, mailbox, { block, lastUid: isFull ? endOfBlock(block.number) : last });
}

/** Removes messages from their blocks; `uids` ascend. */
export async function removeStates(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
): Promise<void> {
  const gone = new Set(Array.from(uids));
  for (const stored of (await blocksOfUids(tx, account, mailbox, uids)).values()) {
    const count = stored.block.uids.length;
    stored.block.remove(gone);
    if (stored.block.uids.length < count) await writeBlock(tx, account, mailbox, stored);
  }
}

/** Looks up messages in stored blocks, in the order of their UIDs. */
export class StateFinder {
  readonly #blocks: ReadonlyMap<number, StoredBlock>;
  #stored: StoredBlock | undefined;
  #number = -1;
  #at = 0;

  constructor(blocks: ReadonlyMap<number, StoredBlock>) {
    this.#blocks = blocks;
  }

  /** Returns the state of a message; null when no block covers it. The UID must be greater than that of the previous call. */
  find(uid: number): BlockEntry | null {
    if (this.#number !== blockOf(uid)) {
      this.#number = blockOf(uid);
      this.#stored = this.#blocks.get(this.#number);
      this.#at = 0;
    }
    if (this.#stored === undefined || uid > this.#stored.lastUid) return null;
    const { uids } = this.#stored.block;
    while ((uids[this.#at] ?? uid) < uid) this.#at += 1;
    if (uids[this.#at] !== uid) throw new Error(`message ${uid} is missing in its flag block`);
    return this.#stored.block.at(this.#at);
  }
}

/** Returns the block with all messages of its UIDs before `uid`; those from `uid` on are about to be added. */
async function before(reader: Reader, account: AccountId, mailbox: MailboxId, uid: number): Promise<StoredBlock> {
  const number = blockOf(uid);
  const [stored] = await selectBlocks(reader, account, mailbox, number, number);
  return await completed(reader, account, mailbox, number, stored, uid - 1);
}

async function completed(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  number: number,
  stored: StoredBlock | undefined,
  toUid = endOfBlock(number),
): Promise<StoredBlock> {
  const { block, lastUid } = stored ?? { block: new FlagBlock(number), lastUid: endOfBlock(number - 1) };
  if (lastUid >= toUid) return { block, lastUid };
  const rest = await selectFirstStates(reader, account, mailbox, lastUid + 1, toUid);
  for (const [uid, flags, keywords, modSeq] of rest) block.push(uid, { flags, keywords }, modSeq);
  return { block, lastUid: rest.at(-1)?.[0] ?? lastUid };
}

function* blockNumbers(uids: ArrayLike<number>): Generator<number> {
  let last = -1;
  for (let i = 0; i < uids.length; i += 1) {
    const number = blockOf(uids[i] ?? 0);
    if (number === last) continue;
    last = number;
    yield number;
  }
}

/** Returns ranges of block numbers; small gaps are included rather than split. */
function blockRanges(uids: ArrayLike<number>): (readonly [from: number, to: number])[] {
  const ranges: [number, number][] = [];
  for (const number of blockNumbers(uids)) {
    const last = ranges.at(-1);
    if (last !== undefined && number - last[1] <= 4) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
