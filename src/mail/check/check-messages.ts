import type { Account } from '#mail/accounts';
import { sql } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Report } from './store-problem.ts';
import { IdCounts } from './id-counts.ts';
import { pages } from './pages.ts';

const pageRows = 128;

/** Number of references to each email, and the row ids that are taken. */
export interface MessageTally {
  readonly places: IdCounts;
}

interface MessageRow {
  readonly mailbox: number;
  readonly uid: number;
  readonly id: number;
  readonly email: number;
  readonly createModSeq: number;
  readonly sizeBytes: number;
  readonly emailId: number | null;
  readonly emailSizeBytes: number | null;
  /** Null when there is no such mailbox, or it is gone with all its messages. */
  readonly inMailbox: number | null;
  readonly lastModSeq: number;
  readonly nextId: number;
}

/** Checks each message with its mailbox and its email, in the order of the table, some rows a transaction. */
export async function checkMessages(account: Account, report: Report, loop: EventLoop): Promise<MessageTally> {
  const places = new IdCounts();
  const ids = new IdCounts();
  let before: MessageRow | null = null;
  const after = (last: MessageRow | null): ReturnType<typeof sql> =>
    sql`SELECT m.mailbox, m.uid, m.id, m.email, m.create_modseq AS "createModSeq", m.size_bytes AS "sizeBytes",
      e.id AS "emailId", e.size_bytes AS "emailSizeBytes", b.id AS "inMailbox", s.modseq AS "lastModSeq", s.next_id AS "nextId"
      FROM message AS m JOIN account_state AS s ON s.account = m.account
      LEFT JOIN email AS e ON e.account = m.account AND e.id = m.email
      LEFT JOIN mailbox AS b ON b.account = m.account AND b.id = m.mailbox AND (b.expunged = 0 OR b.total > 0)
      WHERE m.account = ${account.id} AND (m.mailbox, m.uid) > (${last?.mailbox ?? 0}, ${last?.uid ?? 0})
      ORDER BY m.mailbox, m.uid LIMIT ${pageRows}`;
  for await (const row of pages(account.db, after, pageRows, loop)) {
    checkMessage(row, before, report);
    if (ids.add(row.id) > 0) report('uid', `the row id ${row.id} is used by several messages`);
    places.add(row.email);
    before = row;
  }
  return { places };
}

function checkMessage(row: MessageRow, before: MessageRow | null, report: Report): void {
  const { mailbox, uid, id, email, createModSeq, sizeBytes, emailSizeBytes, lastModSeq, nextId } = row;
  const name = `message ${uid} of mailbox ${mailbox}`;
  if (row.inMailbox === null) report('mailbox', `message ${uid} is in mailbox ${mailbox}, which does not exist`, true);
  if (row.emailId === null) report('reference', `${name} refers to email ${email}, which does not exist`, true);
  else if (sizeBytes !== emailSizeBytes) report('size', `${name} says ${sizeBytes} bytes, its email ${emailSizeBytes}`);
  if (createModSeq > lastModSeq) report('modseq', `${name} has the impossible MODSEQ ${createModSeq}`);
  if (before?.mailbox === mailbox && createModSeq < before.createModSeq) {
    report('modseq', `${name} is older than the UID before it`);
  }
  if (id >= nextId) report('uid', `the row id ${id} was never given out`);
}

interface TombstoneRow {
  readonly mailbox: number;
  readonly modSeq: number;
  readonly uid: number;
  readonly createModSeq: number;
  /** Null, as it should be, when no message has the UID. */
  readonly alive: number | null;
  readonly lastModSeq: number;
}

/** Checks each tombstone. */
export async function checkTombstones(account: Account, report: Report, loop: EventLoop): Promise<void> {
  const after = (last: TombstoneRow | null): ReturnType<typeof sql> =>
    sql`SELECT t.mailbox, t.modseq AS "modSeq", t.uid, t.create_modseq AS "createModSeq", m.uid AS alive, s.modseq AS "lastModSeq"
      FROM tombstone AS t JOIN account_state AS s ON s.account = t.account
      LEFT JOIN message AS m ON m.account = t.account AND m.mailbox = t.mailbox AND m.uid = t.uid
      WHERE t.account = ${account.id} AND (t.mailbox, t.modseq, t.uid) > (${last?.mailbox ?? 0}, ${last?.modSeq ?? 0}, ${last?.uid ?? 0})
      ORDER BY t.mailbox, t.modseq, t.uid LIMIT ${pageRows}`;
  for await (const { mailbox, uid, modSeq, createModSeq, alive, lastModSeq } of pages(
    account.db,
    after,
    pageRows,
    loop,
  )) {
    if (alive !== null) report('tombstone', `message ${uid} of mailbox ${mailbox} exists and has a tombstone`);
    if (modSeq <= createModSeq || modSeq > lastModSeq) {
      report('tombstone', `the tombstone of ${uid} in mailbox ${mailbox} has the impossible MODSEQ ${modSeq}`);
    }
  }
}
