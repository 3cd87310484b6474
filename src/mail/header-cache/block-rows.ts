import type { AccountId, MailboxId } from '#lib/ids';
import { inList } from '#mail/schema';
import type { Compression } from '#ports/compression';
import { sql, type Reader, type Tx } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { RowCode } from './cached-fields.ts';
import { wholeBlock } from './compare-blocks.ts';
import {
  emptyColumn,
  readColumn,
  readFacts,
  readMessages,
  readOrder,
  writeColumn,
  writeFacts,
  writeMessages,
  writeOrder,
  type FieldColumn,
  type HeaderBlock,
} from './header-block.ts';

/** The UIDs that a stored block is about: all messages that the mailbox had between them when it was made. */
export interface BlockRange {
  readonly firstUid: number;
  readonly lastUid: number;
  readonly count: number;
}

/** The stored blocks of a mailbox, ascending. */
export async function selectRanges(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<BlockRange[]> {
  const rows = await reader.arrays(
    sql`SELECT first_uid, last_uid, messages FROM header_block
      WHERE account = ${account} AND mailbox = ${mailbox} AND field = ${RowCode.Uids} ORDER BY first_uid`,
  );
  return rows.map(([firstUid, lastUid, count]) => ({
    firstUid: Number(firstUid),
    lastUid: Number(lastUid),
    count: Number(count),
  }));
}

/** The rows of blocks that a scan needs beside the UIDs. */
export interface WantedRows {
  readonly facts: boolean;
  readonly order: boolean;
  /** Codes of fields. */
  readonly fields: readonly number[];
}

/** Codes of the rows that a scan needs. */
export function wantedCodes({ facts, order, fields }: WantedRows): number[] {
  return [RowCode.Uids, ...fields, ...(order ? [RowCode.Order] : []), ...(facts ? [RowCode.Facts] : [])];
}

/** Reads the rows of a block with these codes, and that of its UIDs; null when it is gone. */
export async function selectBlock(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  { firstUid, lastUid, count }: BlockRange,
  codes: readonly number[],
): Promise<StoredRows | null> {
  const rows = await reader.arrays(
    sql`SELECT field, data, messages, last_uid FROM header_block
      WHERE account = ${account} AND mailbox = ${mailbox} AND field IN ${inList([...new Set([RowCode.Uids, ...codes])])} AND first_uid = ${firstUid}`,
  );
  const data = new Map<number, Uint8Array>();
  for (const [field, bytes, messages, last] of rows) {
    // A block that begins with the same UID may have taken its place.
    if (messages !== count || last !== lastUid || !(bytes instanceof Uint8Array)) return null;
    data.set(Number(field), bytes);
  }
  return data.has(RowCode.Uids) ? data : null;
}

/** Rows of a block by their code, compressed. */
export type StoredRows = ReadonlyMap<number, Uint8Array>;

/** Reads the block in these rows. @throws Error for rows that are damaged. */
export async function readBlock(
  rows: StoredRows,
  { count }: BlockRange,
  { fields }: WantedRows,
  compression: Compression,
  loop: EventLoop,
): Promise<HeaderBlock> {
  const unpacked = async (code: number): Promise<Uint8Array | null> => {
    const pause = loop.pause();
    if (pause !== null) await pause;
    const row = rows.get(code);
    return row === undefined ? null : compression.decompress(row);
  };
  const uids = await unpacked(RowCode.Uids);
  if (uids === null) throw new Error('a block of headers has no messages');
  const facts = await unpacked(RowCode.Facts);
  const order = await unpacked(RowCode.Order);
  const columns = new Map<number, FieldColumn>();
  for (const code of fields) {
    const row = await unpacked(code);
    columns.set(code, row === null ? emptyColumn(count) : readColumn(row, count));
  }
  return {
    messages: readMessages(uids, count),
    facts: facts === null ? null : readFacts(facts, count),
    order: order === null ? null : readOrder(order, count),
    columns,
  };
}

/** The rows of a block to store. Fields that no message has take no row. */
export async function writeBlock(block: HeaderBlock, compression: Compression, loop: EventLoop): Promise<StoredRows> {
  const rows = new Map<number, Uint8Array>();
  const add = async (code: number, row: Uint8Array): Promise<void> => {
    const pause = loop.pause();
    if (pause !== null) await pause;
    rows.set(code, await compression.compress(row));
  };
  await add(RowCode.Uids, writeMessages(block.messages));
  if (block.facts !== null) await add(RowCode.Facts, writeFacts(block.facts));
  if (block.order !== null) await add(RowCode.Order, writeOrder(block.order));
  for (const [code, column] of block.columns) if (column.bytes.length > 0) await add(code, writeColumn(column));
  return rows;
}

/** Codes of all rows that a block may have. */
const allCodes = wantedCodes(wholeBlock);

/** Stores a block in place of those that overlap it. */
export async function insertBlock(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  { firstUid, lastUid, count }: BlockRange,
  rows: StoredRows,
): Promise<void> {
  const overlapping = await tx.arrays(
    sql`SELECT first_uid FROM header_block WHERE account = ${account} AND mailbox = ${mailbox} AND field = ${RowCode.Uids}
      AND first_uid <= ${lastUid} AND last_uid >= ${firstUid}`,
  );
  // Row by row along the key: looking through all rows of the mailbox takes the longer the more blocks it has. A row without its UIDs may be left of a damaged block.
  for (const uid of new Set([firstUid, ...overlapping.map(([first]) => Number(first))]))
    await dropHeaderBlock(tx, account, mailbox, uid);
  for (const [field, data] of rows) {
    await tx.run(
      sql`INSERT INTO header_block (account, mailbox, field, first_uid, last_uid, messages, data)
        VALUES (${account}, ${mailbox}, ${field}, ${firstUid}, ${lastUid}, ${count}, ${data})`,
    );
  }
}

/** Drops the block of a mailbox that begins with a UID. */
export async function dropHeaderBlock(tx: Tx, account: AccountId, mailbox: MailboxId, firstUid: number): Promise<void> {
  await tx.run(
    sql`DELETE FROM header_block WHERE account = ${account} AND mailbox = ${mailbox}
      AND field IN ${inList(allCodes)} AND first_uid = ${firstUid}`,
  );
}

/** Drops the blocks of a mailbox that goes. */
export async function dropHeaderBlocks(tx: Tx, account: AccountId, mailbox: MailboxId): Promise<void> {
  await tx.run(sql`DELETE FROM header_block WHERE account = ${account} AND mailbox = ${mailbox}`);
}
