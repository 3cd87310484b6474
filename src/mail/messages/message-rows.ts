import type { AccountId, MailboxId, MessageRowId } from '#lib/ids';
import { allPages, inList, pageRows } from '#mail/schema';
import { sql, type Reader, type Sql, type Tx } from '#ports/database';
import { messageLimits } from './limits.ts';
import type { Place } from './message.ts';
import { uidSpans } from './uid-spans.ts';

/** Places with the given ascending UIDs that exist; ascending. `only` narrows them, such as to the deleted. */
export async function selectPlaces(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
  only: 'all' | 'deleted' = 'all',
): Promise<Place[]> {
  const places: Place[] = [];
  for (const span of uidSpans(uids)) {
    const rows = await reader.arrays(
      sql`SELECT ${placeColumns} FROM message
        WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)} ${only === 'all' ? nothing : deleted} ORDER BY uid`,
    );
    for (const row of rows) places.push(placeOf(row as unknown as PlaceRow));
  }
  return places;
}

/** The first places of a mailbox, ascending by UID; as many as one batch may have. */
export async function firstPlaces(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<Place[]> {
  const rows = await reader.arrays(
    sql`SELECT ${placeColumns} FROM message WHERE account = ${account} AND mailbox = ${mailbox}
      ORDER BY uid LIMIT ${messageLimits.batchMessages}`,
  );
  return rows.map((row) => placeOf(row as unknown as PlaceRow));
}

/** UIDs of the messages with \Deleted, ascending. */
export async function deletedUids(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<number[]> {
  const rows = await allPages(
    reader,
    (
      behind,
    ) => sql`SELECT uid FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid > ${behind?.[0] ?? 0}
      AND (flags & 8) <> 0 ORDER BY uid LIMIT ${pageRows}`,
  );
  return rows.map(([uid]) => Number(uid));
}

/** A span of UIDs as a condition on the column `uid`. */
export function uidCondition(span: UidCondition): Sql {
  if (span.kind === 'run') return sql`uid >= ${span.from} AND uid <= ${span.to}`;
  return sql`uid IN ${inList(span.uids)}`;
}

type UidCondition = ReturnType<typeof uidSpans>[number];

const placeColumns = sql`id, uid, email, modseq, create_modseq, flags, keywords, size_bytes, received_ms, save_ms, subject_key`;
const nothing = sql``;
const deleted = sql`AND (flags & 8) <> 0`;

type PlaceRow = readonly [
  id: MessageRowId,
  uid: number,
  email: Place['email'],
  modSeq: number,
  createModSeq: number,
  flags: number,
  keywords: string,
  sizeBytes: number,
  receivedMs: number,
  saveMs: number,
  subjectKey: number,
];

function placeOf(row: PlaceRow): Place {
  const [id, uid, email, modSeq, createModSeq, flags, keywords, sizeBytes, receivedMs, saveMs, subjectKey] = row;
  return { id, uid, email, modSeq, createModSeq, flags, keywords, sizeBytes, receivedMs, saveMs, subjectKey };
}

/** Adds a place; its MODSEQ is both that of its creation and that of its last change. */
export async function insertPlace(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  place: Omit<Place, 'createModSeq'>,
): Promise<void> {
  const { id, uid, email, modSeq, flags, keywords, sizeBytes, receivedMs, saveMs, subjectKey } = place;
  await tx.run(
    sql`INSERT INTO message (account, mailbox, uid, id, email, modseq, create_modseq, flags, keywords, size_bytes, received_ms, save_ms, subject_key)
      VALUES (${account}, ${mailbox}, ${uid}, ${id}, ${email}, ${modSeq}, ${modSeq}, ${flags}, ${keywords}, ${sizeBytes}, ${receivedMs}, ${saveMs}, ${subjectKey})`,
  );
}

/** Gives the same flags to several places with ascending UIDs. */
export async function updateFlags(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly number[],
  to: { readonly flags: number; readonly keywords: string; readonly modSeq: number },
): Promise<void> {
  for (const span of uidSpans(uids)) {
    await tx.run(
      sql`UPDATE message SET flags = ${to.flags}, keywords = ${to.keywords}, modseq = ${to.modSeq}
        WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)}`,
    );
  }
}

/** Moves a place to another mailbox and UID. It keeps its id; there it counts as new. */
export async function movePlace(
  tx: Tx,
  account: AccountId,
  from: { readonly mailbox: MailboxId; readonly uid: number },
  to: { readonly mailbox: MailboxId; readonly uid: number; readonly modSeq: number; readonly saveMs: number },
): Promise<void> {
  await tx.run(
    sql`UPDATE message SET mailbox = ${to.mailbox}, uid = ${to.uid}, modseq = ${to.modSeq}, create_modseq = ${to.modSeq}, save_ms = ${to.saveMs}
      WHERE account = ${account} AND mailbox = ${from.mailbox} AND uid = ${from.uid}`,
  );
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
