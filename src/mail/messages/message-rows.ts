import { SystemFlag } from '#lib/flags';
import type { AccountId, MailboxId, MessageRowId } from '#lib/ids';
import { blocksOfUids, selectStates, StateFinder } from '#mail/flag-blocks';
import { inList } from '#mail/schema';
import { sql, type Reader, type Sql, type Tx } from '#ports/database';
import type { Place } from './message.ts';
import { uidSpans } from './uid-spans.ts';

/** Places with the given ascending UIDs that exist; ascending. */
export async function selectPlaces(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
): Promise<Place[]> {
  const finder = new StateFinder(await blocksOfUids(reader, account, mailbox, uids));
  const places: Place[] = [];
  for (const span of uidSpans(uids)) {
    const rows = await reader.arrays(
      sql`SELECT ${placeColumns} FROM message
        WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)} ORDER BY uid`,
    );
    for (const row of rows) places.push(placeOf(row as unknown as PlaceRow, finder));
  }
  return places;
}

/** The first places of a mailbox, ascending by UID. */
export async function firstPlaces(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  limit: number,
): Promise<Place[]> {
  const rows = await reader.arrays(
    sql`SELECT ${placeColumns} FROM message WHERE account = ${account} AND mailbox = ${mailbox}
      ORDER BY uid LIMIT ${limit}`,
  );
  const places = rows as unknown as readonly PlaceRow[];
  const uids = places.map(([, uid]) => uid);
  const finder = new StateFinder(await blocksOfUids(reader, account, mailbox, uids));
  return places.map((row) => placeOf(row, finder));
}

/** UIDs of the messages with \Deleted, ascending. */
export async function deletedUids(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<number[]> {
  const { blocks, rest } = await selectStates(reader, account, mailbox);
  const uids: number[] = [];
  for (const { block } of blocks) {
    const isDeleted = block.sets.map(({ flags }) => (flags & SystemFlag.Deleted) !== 0);
    if (isDeleted.includes(true)) uids.push(...block.uids.filter((_, i) => isDeleted[block.setOf[i] ?? 0]));
  }
  for (const [uid, flags] of rest) if ((flags & SystemFlag.Deleted) !== 0) uids.push(uid);
  return uids;
}

/** Bytes of the messages with the given ascending UIDs that exist. */
export async function sizeOf(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly number[],
): Promise<number> {
  let sizeBytes = 0;
  for (const span of uidSpans(uids)) {
    const [row] = await reader.arrays(
      sql`SELECT sum(size_bytes) FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)}`,
    );
    sizeBytes += Number(row?.[0] ?? 0);
  }
  return sizeBytes;
}

/** A span of UIDs as a condition on the column `uid`. */
export function uidCondition(span: UidCondition): Sql {
  if (span.kind === 'run') return sql`uid >= ${span.from} AND uid <= ${span.to}`;
  return sql`uid IN ${inList(span.uids)}`;
}

type UidCondition = ReturnType<typeof uidSpans>[number];

const placeColumns = sql`id, uid, email, create_modseq, first_flags, first_keywords, size_bytes`;

type PlaceRow = readonly [
  id: MessageRowId,
  uid: number,
  email: Place['email'],
  createModSeq: number,
  firstFlags: number,
  firstKeywords: string,
  sizeBytes: number,
];

function placeOf([id, uid, email, createModSeq, flags, keywords, sizeBytes]: PlaceRow, finder: StateFinder): Place {
  const state = finder.find(uid) ?? { flags, keywords };
  return { id, uid, email, createModSeq, flags: state.flags, keywords: state.keywords, sizeBytes };
}

/** A place that is about to be. */
export interface NewPlace extends Omit<Place, 'createModSeq'> {
  readonly modSeq: number;
  readonly receivedMs: number;
  readonly saveMs: number;
  /** `subjectKey` of the base subject. */
  readonly subjectKey: number;
}

/** Adds a place behind all others. */
export async function insertPlace(tx: Tx, account: AccountId, mailbox: MailboxId, place: NewPlace): Promise<void> {
  const { id, uid, email, modSeq, flags, keywords, sizeBytes, receivedMs, saveMs, subjectKey } = place;
  await tx.run(
    sql`INSERT INTO message (account, mailbox, uid, id, email, create_modseq, first_flags, first_keywords, size_bytes, received_ms, save_ms, subject_key)
      VALUES (${account}, ${mailbox}, ${uid}, ${id}, ${email}, ${modSeq}, ${flags}, ${keywords}, ${sizeBytes}, ${receivedMs}, ${saveMs}, ${subjectKey})`,
  );
}

/** Places that get new UIDs, in the order of their present ones. */
export interface Seating {
  readonly from: MailboxId;
  readonly to: MailboxId;
  /** Ascending; all of them exist. */
  readonly uids: readonly number[];
  readonly firstUid: number;
  readonly modSeq: number;
  readonly saveMs: number;
}

/** Copies places behind all others of a mailbox, with ids from `firstId` on. Their flags are those of the blocks that the caller writes. */
export async function copyPlaces(
  tx: Tx,
  account: AccountId,
  { from, to, uids, firstUid, modSeq, saveMs }: Seating,
  firstId: number,
): Promise<void> {
  let done = 0;
  for (const span of uidSpans(uids)) {
    const numbers =
      span.kind === 'run'
        ? shifted(span.from, firstUid + done, firstId + done)
        : counted(firstUid + done, firstId + done);
    await tx.run(
      sql`INSERT INTO message (account, mailbox, uid, id, email, create_modseq, first_flags, first_keywords, size_bytes, received_ms, save_ms, subject_key)
        SELECT account, CAST(${to} AS BIGINT), ${numbers}, email, CAST(${modSeq} AS BIGINT), first_flags,
        first_keywords, size_bytes, received_ms, CAST(${saveMs} AS BIGINT), subject_key FROM message
        WHERE account = ${account} AND mailbox = ${from} AND ${uidCondition(span)}`,
    );
    done += lengthOf(span);
  }
}

/** UID and row id of the copies of consecutive UIDs. */
function shifted(from: number, firstUid: number, firstId: number): Sql {
  return sql`uid + CAST(${firstUid - from} AS BIGINT), uid + CAST(${firstId - from} AS BIGINT)`;
}

/** As `shifted`, of UIDs with gaps. */
function counted(firstUid: number, firstId: number): Sql {
  return sql`CAST(${firstUid - 1} AS BIGINT) + ROW_NUMBER() OVER (ORDER BY uid), CAST(${firstId - 1} AS BIGINT) + ROW_NUMBER() OVER (ORDER BY uid)`;
}

/** Moves places behind all others of a mailbox. They keep their ids; there they count as new, with the flags of the blocks that the caller writes. */
export async function movePlaces(
  tx: Tx,
  account: AccountId,
  { from, to, uids, firstUid, modSeq, saveMs }: Seating,
): Promise<void> {
  let next = firstUid;
  for (const span of uidSpans(uids)) {
    const runs = span.kind === 'run' ? [span] : span.uids.map((uid) => ({ from: uid, to: uid }));
    for (const run of runs) {
      await tx.run(
        sql`UPDATE message SET mailbox = ${to}, uid = uid + ${next - run.from}, create_modseq = ${modSeq}, save_ms = ${saveMs}
          WHERE account = ${account} AND mailbox = ${from} AND uid >= ${run.from} AND uid <= ${run.to}`,
      );
      next += run.to - run.from + 1;
    }
  }
}

function lengthOf(span: UidCondition): number {
  return span.kind === 'run' ? span.to - span.from + 1 : span.uids.length;
}

/** Writes the tombstones of places that go from their mailbox; before they go. */
export async function buryPlaces(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly number[],
  modSeq: number,
): Promise<void> {
  for (const span of uidSpans(uids)) {
    await tx.run(
      sql`INSERT INTO tombstone (account, mailbox, modseq, uid, create_modseq, message, email)
        SELECT account, mailbox, ${modSeq}, uid, create_modseq, id, email FROM message
        WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)}`,
    );
  }
}

/** Deletes places. */
export async function deletePlaces(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly number[],
): Promise<void> {
  for (const span of uidSpans(uids)) {
    await tx.run(
      sql`DELETE FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)}`,
    );
  }
}
