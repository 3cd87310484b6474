import { crc32 } from 'node:zlib';
import type { AccountId, ContentId } from '#lib/ids';
import { DescriptionDamaged } from '#lib/message-description';
import type { Account } from '#mail/accounts';
import { readDescription, readOldStructure } from '#mail/messages';
import { inList } from '#mail/schema';
import type { BlobId } from '#ports/blobs';
import { sql, type Reader, type Sql } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { ReferredBlob } from './check-blobs.ts';
import type { MessageTally } from './check-messages.ts';
import type { Report } from './store-problem.ts';
import { pages } from './pages.ts';

const emailRows = 64;
const contentRows = 128;
/** Bytes of bodies that are read at a time, but for one that is larger by itself. */
const bodyBytes = 128 * 1024;
/** Emails whose references are counted again. */
const maxRecounted = 500;

interface EmailRow {
  readonly id: number;
  /** Places as narrow rows count them. */
  readonly stated: number;
  readonly thread: number;
  readonly sizeBytes: number;
  readonly headerBytes: number;
  readonly prefixBytes: number;
  readonly contentBytes: number | null;
  /** Null for an email that was stored before there were descriptions. */
  readonly description: Uint8Array | null;
  readonly structure: string;
  readonly startsWell: number;
  readonly nextId: number;
}

/** Checks what rows say about each email; `places` counts the messages that refer to it. */
export async function checkEmails(
  account: Account,
  { places }: MessageTally,
  report: Report,
  loop: EventLoop,
): Promise<void> {
  const doubtful: number[] = [];
  const after = (last: EmailRow | null): Sql =>
    sql`SELECT e.id, ${statedPlaces} AS stated, e.thread, e.size_bytes AS "sizeBytes", e.header_bytes AS "headerBytes", length(e.prefix) AS "prefixBytes",
      c.size_bytes AS "contentBytes", e.description, e.structure, s.next_id AS "nextId",
      CASE WHEN substr(e.envelope, 1, 1) || substr(e.bodystructure, 1, 1) = '((' AND substr(e.body, 1, 1) IN ('', '(')
        THEN 1 ELSE 0 END AS "startsWell"
      FROM email AS e JOIN account_state AS s ON s.account = e.account
      LEFT JOIN content AS c ON c.account = e.account AND c.id = e.id ${countsOfPlaces}
      WHERE e.account = ${account.id} AND e.id > ${last?.id ?? -1} ORDER BY e.id LIMIT ${emailRows}`;
  for await (const row of pages(account.db, after, emailRows, loop)) {
    checkEmail(row, report);
    if (places.get(row.id) !== row.stated && doubtful.length < maxRecounted) doubtful.push(row.id);
  }
  await recountPlaces(account, doubtful, report);
  await checkCounts(account, report, loop);
}

/** An email that is to be removed has no place, one that is not shared has one. */
const statedPlaces = sql`CASE WHEN x.id IS NULL THEN 1 + COALESCE(n.copies, 0) ELSE 0 END`;
const countsOfPlaces = sql`LEFT JOIN shared_email AS n ON n.account = e.account AND n.id = e.id
  LEFT JOIN expunged_email AS x ON x.account = e.account AND x.id = e.id`;

function checkEmail(row: EmailRow, report: Report): void {
  // About to be removed.
  if (row.stated === 0) return;
  const { id, thread, sizeBytes, headerBytes, prefixBytes, contentBytes, nextId } = row;
  if (contentBytes === null) report('reference', `email ${id} has no content`, true, id);
  else if (sizeBytes !== contentBytes + prefixBytes) {
    report('size', `email ${id} should have ${sizeBytes} bytes, and has ${contentBytes + prefixBytes}`, true, id);
  }
  if (headerBytes < prefixBytes || headerBytes > sizeBytes) {
    report('size', `email ${id} has ${sizeBytes} bytes, and says that ${headerBytes} are its header`, true, id);
  }
  if (thread > id || thread < 1) report('thread', `email ${id} is in thread ${thread}, which is younger than it`);
  if (id >= nextId) report('uid', `the row id ${id} was never given out`);
  if (row.description !== null) {
    if (!isDescribed(row, row.description)) {
      report('description', `email ${id} has a damaged description, which is made again when it is read`, false, id);
    }
  } else if (row.startsWell === 0 || !canRead(() => readOldStructure(row.structure, 0))) {
    report('reference', `email ${id} has a damaged structure`, true, id);
  }
}

/** Reports whether a description can be read, has the header's length that the row has, and ends where the message does. */
function isDescribed({ prefixBytes, headerBytes, sizeBytes }: EmailRow, description: Uint8Array): boolean {
  return canRead(() => {
    const { bodyStart, end } = readDescription(description, prefixBytes).root;
    if (bodyStart !== headerBytes || end > sizeBytes) throw new DescriptionDamaged('it contradicts its row');
  });
}

function canRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof DescriptionDamaged) return false;
    throw error;
  }
}

/** Places counted while others wrote may be wrong: those that seem so are counted again, in one transaction. */
async function recountPlaces(account: Account, emails: readonly number[], report: Report): Promise<void> {
  if (emails.length === 0) return;
  const list = inList(emails);
  const rows = await account.db.read(async (reader) => {
    const all = await reader.all<{ id: number; stated: number }>(
      sql`SELECT e.id, ${statedPlaces} AS stated FROM email AS e ${countsOfPlaces} WHERE e.account = ${account.id} AND e.id IN ${list}`,
    );
    const counted = await reader.all<{ email: number; places: number }>(
      sql`SELECT email, COUNT(*) AS places FROM message WHERE account = ${account.id} AND email IN ${list} GROUP BY email`,
    );
    const byEmail = new Map(counted.map(({ email, places }) => [email, places]));
    return all.map(({ id, stated }) => ({ id, stated, places: byEmail.get(id) ?? 0 }));
  });
  for (const { id, stated, places } of rows) {
    if (stated === 0 && places > 0) {
      report('reference', `email ${id} is to be removed, and is in ${places} places`, true, id);
    } else if (stated !== places) {
      report('reference', `email ${id} is recorded in ${stated} places, and is in ${places}`);
    }
  }
}

/** Checks that numbers of places, and what is to be removed, are of emails that exist. */
async function checkCounts({ db, id }: Account, report: Report, loop: EventLoop): Promise<void> {
  for (const table of [sql`shared_email`, sql`expunged_email`]) {
    const after = (last: CountRow | null): Sql =>
      sql`SELECT n.id, e.id AS email FROM ${table} AS n LEFT JOIN email AS e ON e.account = n.account AND e.id = n.id
        WHERE n.account = ${id} AND n.id > ${last?.id ?? -1} ORDER BY n.id LIMIT ${emailRows}`;
    for await (const row of pages(db, after, emailRows, loop)) {
      if (row.email === null) report('reference', `places of email ${row.id} are recorded, and it does not exist`);
    }
  }
}

interface CountRow {
  readonly id: number;
  readonly email: number | null;
}

interface ContentRow {
  readonly id: number;
  readonly sizeBytes: number;
  readonly crc32: number | null;
  readonly blob: BlobId | null;
  /** Null when no bytes are in the row. */
  readonly storedBytes: number | null;
  readonly email: number | null;
}

/** Checks the stored bytes of each body against size and checksum, but for those that are to be removed. @returns the blobs that rows refer to. */
export async function checkContents(account: Account, report: Report, loop: EventLoop): Promise<ReferredBlob[]> {
  const referred: ReferredBlob[] = [];
  const after = (last: ContentRow | null): Sql =>
    sql`SELECT c.id, c.size_bytes AS "sizeBytes", c.crc32, c.blob_id AS blob, length(c.bytes) AS "storedBytes",
      e.id AS email
      FROM content AS c LEFT JOIN email AS e ON e.account = c.account AND e.id = c.id
      WHERE c.account = ${account.id} AND c.id > ${last?.id ?? -1}
      AND NOT EXISTS (SELECT 1 FROM expunged_email AS x WHERE x.account = c.account AND x.id = c.id)
      ORDER BY c.id LIMIT ${contentRows}`;
  let group: ContentRow[] = [];
  let groupBytes = 0;
  for await (const row of pages(account.db, after, contentRows, loop)) {
    const { id, sizeBytes, crc32: checksum, blob, email } = row;
    if (email === null) report('reference', `content ${id} belongs to no email`);
    if (blob !== null) {
      referred.push({ id, blob, sizeBytes, crc32: checksum });
      continue;
    }
    if (groupBytes + (row.storedBytes ?? 0) > bodyBytes || group.length === contentRows) {
      await checkBodies(account, group, report, loop);
      group = [];
      groupBytes = 0;
    }
    group.push(row);
    groupBytes += row.storedBytes ?? 0;
  }
  await checkBodies(account, group, report, loop);
  return referred;
}

/** Checks bodies that are in their rows. Those that are gone by now are passed over. */
async function checkBodies(
  account: Account,
  rows: readonly ContentRow[],
  report: Report,
  loop: EventLoop,
): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  const stored = await account.db.read((reader) =>
    reader.all<{ id: number; bytes: Uint8Array | null }>(
      sql`SELECT id, bytes FROM content WHERE account = ${account.id} AND id IN ${inList(ids)}`,
    ),
  );
  const bytesOf = new Map(stored.map(({ id, bytes }) => [id, bytes]));
  for (const { id, sizeBytes, crc32: checksum } of rows) {
    const pause = loop.pause();
    if (pause !== null) await pause;
    const bytes = bytesOf.get(id);
    if (bytes === undefined) continue;
    const problem = inlineProblem(bytes, sizeBytes, checksum);
    if (problem !== null) report('size', `content ${id} ${problem}`, true, id);
  }
}

function inlineProblem(bytes: Uint8Array | null, sizeBytes: number, checksum: number | null): string | null {
  // A driver may give NULL for an empty blob.
  const length = bytes?.length ?? (sizeBytes === 0 ? 0 : null);
  if (length !== sizeBytes) return `should have ${sizeBytes} bytes, and has ${length ?? 'none'}`;
  if (checksum === null || bytes === null || crc32(bytes) === checksum) return null;
  return `has other bytes than were stored: its checksum is wrong`;
}

/** Returns where messages with these emails are, as `INBOX UID 5`; ids that are in no mailbox have none. */
export async function placesOf(
  reader: Reader,
  account: AccountId,
  emails: readonly number[],
): Promise<Map<number, string>> {
  const places = new Map<number, string>();
  if (emails.length === 0) return places;
  const rows = await reader.all<{ email: ContentId; uid: number; name: string }>(
    sql`SELECT m.email, m.uid, b.name FROM message AS m JOIN mailbox AS b ON b.account = m.account AND b.id = m.mailbox
      WHERE m.account = ${account} AND m.email IN ${inList(emails)} ORDER BY m.mailbox, m.uid`,
  );
  for (const { email, uid, name } of rows) {
    const before = places.get(email);
    places.set(email, `${before === undefined ? '' : `${before}, `}${name} UID ${uid}`);
  }
  return places;
}
