import type { AccountId, MailboxId } from '#lib/ids';
import { ConditionError } from '#ports/conditions';
import { sql, type Reader, type Tx } from '#ports/database';
import { blockBits, FlagBlock } from './flag-block.ts';

/** Number of blocks that cover all UIDs of one mailbox. */
const blocksPerMailbox = 2 ** (32 - blockBits);
/** Blocks that one statement reads: a tenth of a millisecond, or a millisecond before V8 has compiled the code. */
const pageBlocks = 16;

/** Returns the row id of a block: an exact number while an account has used fewer than 2^29 ids. */
function rowId(mailbox: MailboxId, block: number): number {
  return mailbox * blocksPerMailbox + block;
}

/** A block with the UID up to which it holds the state of messages. The state of later messages is in their own rows. */
export interface StoredBlock {
  readonly block: FlagBlock;
  readonly lastUid: number;
}

/** Returns the first UID that a block can have: in the first block 0, which no message has. */
export function startOfBlock(block: number): number {
  return block * 2 ** blockBits;
}

/** Returns the last UID that a block can have. */
export function endOfBlock(block: number): number {
  return (block + 1) * 2 ** blockBits - 1;
}

/** Returns the number of the block to which a UID belongs. */
export function blockOf(uid: number): number {
  return Math.floor(uid / 2 ** blockBits);
}

/** Reads the blocks of a mailbox from one number to another, both included, ascending. @throws FlagsDamaged */
export async function selectBlocks(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  from = 0,
  to = blocksPerMailbox - 1,
): Promise<StoredBlock[]> {
  const blocks: StoredBlock[] = [];
  for (let next = rowId(mailbox, from); ;) {
    const rows = await reader.arrays(
      sql`SELECT id, last_uid, sets, data FROM flag_block
        WHERE account = ${account} AND id >= ${next} AND id <= ${rowId(mailbox, to)} ORDER BY id LIMIT ${pageBlocks}`,
    );
    for (const row of rows) blocks.push(storedBlock(row as unknown as BlockRow));
    if (rows.length < pageBlocks) return blocks;
    next = Number(rows.at(-1)?.[0]) + 1;
  }
}

/** Reads the blocks of a mailbox with a change after `modSeq`, ascending. @throws FlagsDamaged */
export async function selectChangedBlocks(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  modSeq: number,
): Promise<StoredBlock[]> {
  const blocks: StoredBlock[] = [];
  for (let last: BlockRow | null = null; ;) {
    const [behind, id]: readonly number[] = last === null ? [modSeq, Number.MAX_SAFE_INTEGER] : [last[4], last[0]];
    // The unary plus keeps the planner on the index by MODSEQ: few blocks have changed, and they may be anywhere.
    const rows = await reader.arrays(
      sql`SELECT id, last_uid, sets, data, modseq FROM flag_block WHERE account = ${account} AND (modseq, id) > (${behind ?? 0}, ${id ?? 0})
        AND +id >= ${rowId(mailbox, 0)} AND +id < ${rowId(mailbox, blocksPerMailbox)} ORDER BY modseq, id LIMIT ${pageBlocks}`,
    );
    const some = rows as unknown as readonly BlockRow[];
    for (const row of some) blocks.push(storedBlock(row));
    if (some.length < pageBlocks) return blocks.toSorted((a, b) => a.block.number - b.block.number);
    last = some.at(-1) ?? null;
  }
}

/** Returns the UID up to which the last block of a mailbox holds the state of messages; 0 when there is no block. */
export async function lastBlockUid(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<number> {
  const [row] = await reader.arrays(
    sql`SELECT last_uid FROM flag_block WHERE account = ${account} AND id >= ${rowId(mailbox, 0)} AND id < ${rowId(mailbox, blocksPerMailbox)}
      ORDER BY id DESC LIMIT 1`,
  );
  return Number(row?.[0] ?? 0);
}

/** Writes a whole block; deletes its row when it is empty. */
export async function writeBlock(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  { block, lastUid }: StoredBlock,
): Promise<void> {
  const id = rowId(mailbox, block.number);
  if (block.uids.length === 0) {
    await tx.run(sql`DELETE FROM flag_block WHERE account = ${account} AND id = ${id}`);
    return;
  }
  const { sets, data } = block.pack();
  const { modSeq } = block;
  const changed = await tx.run(
    sql`UPDATE flag_block SET last_uid = ${lastUid}, modseq = ${modSeq}, sets = ${sets}, data = ${data} WHERE account = ${account} AND id = ${id}`,
  );
  if (changed > 0) return;
  await tx.run(
    sql`INSERT INTO flag_block (account, id, last_uid, modseq, sets, data) VALUES (${account}, ${id}, ${lastUid}, ${modSeq}, ${sets}, ${data})`,
  );
}

type BlockRow = readonly [id: number, lastUid: number, sets: string, data: Uint8Array, modSeq: number];

/** Reads a row. @throws FlagsDamaged */
function storedBlock([id, lastUid, sets, data]: BlockRow): StoredBlock {
  const number = id % blocksPerMailbox;
  try {
    return { block: FlagBlock.unpack(number, sets, data), lastUid };
  } catch (cause) {
    throw new FlagsDamaged(Math.floor(id / blocksPerMailbox), number, cause);
  }
}

/** A flag block that cannot be read: its mailbox cannot be opened until it is repaired. */
export class FlagsDamaged extends ConditionError {
  override readonly name = 'FlagsDamaged';

  constructor(mailbox: number, block: number, cause: unknown) {
    const uids = `UIDs ${Math.max(1, startOfBlock(block))} to ${endOfBlock(block)}`;
    super('damaged', `the flags of ${uids} of a mailbox (${mailbox})`, {
      message: `the flags of ${uids} are damaged`,
      cause,
    });
  }
}

/** A block as it is stored, which may be damaged. */
export interface RawBlock {
  readonly number: number;
  /** Null if it cannot be read. */
  readonly stored: StoredBlock | null;
}

/** Reads all blocks of a mailbox, ascending, damaged ones included. */
export async function selectRawBlocks(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<RawBlock[]> {
  const blocks: RawBlock[] = [];
  for (let next = rowId(mailbox, 0); ;) {
    const rows = await reader.arrays(
      sql`SELECT id, last_uid, sets, data FROM flag_block
        WHERE account = ${account} AND id >= ${next} AND id < ${rowId(mailbox, blocksPerMailbox)} ORDER BY id LIMIT ${pageBlocks}`,
    );
    for (const row of rows as unknown as readonly BlockRow[]) blocks.push(rawBlock(row));
    if (rows.length < pageBlocks) return blocks;
    next = Number(rows.at(-1)?.[0]) + 1;
  }
}

function rawBlock(row: BlockRow): RawBlock {
  const number = row[0] % blocksPerMailbox;
  try {
    return { number, stored: storedBlock(row) };
  } catch (error) {
    if (error instanceof FlagsDamaged) return { number, stored: null };
    throw error;
  }
}
