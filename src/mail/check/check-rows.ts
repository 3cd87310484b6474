import type { AccountId, MailboxId } from '#lib/ids';
import type { BlobId } from '#ports/blobs';
import { sql, type Reader } from '#ports/database';

/** Stated counters of a live mailbox beside what a recount gives. */
export interface MailboxRecount {
  readonly id: MailboxId;
  readonly name: string;
  readonly stated: MailboxCounts;
  readonly counted: MailboxCounts;
  readonly uidNext: number;
  readonly maxUid: number;
  readonly highestModSeq: number;
  readonly maxModSeq: number;
}

/** Counters of a mailbox. */
export interface MailboxCounts {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
  readonly deletedSizeBytes: number;
}

interface StatedRow extends MailboxCounts {
  readonly id: MailboxId;
  readonly name: string;
  readonly uidNext: number;
  readonly highestModSeq: number;
}

interface CountedRow extends MailboxCounts {
  readonly mailbox: MailboxId;
  readonly maxUid: number;
  readonly maxModSeq: number;
}

const nothing: Omit<CountedRow, 'mailbox'> = {
  messages: 0,
  unseen: 0,
  deleted: 0,
  sizeBytes: 0,
  deletedSizeBytes: 0,
  maxUid: 0,
  maxModSeq: 0,
};

/** All live mailboxes with a recount of their messages. */
export async function recountMailboxes(reader: Reader, account: AccountId): Promise<MailboxRecount[]> {
  const stated = await reader.all<StatedRow>(
    sql`SELECT id, name, uidnext AS "uidNext", message_modseq AS "highestModSeq", total AS messages, unseen, deleted,
      size_bytes AS "sizeBytes", deleted_size_bytes AS "deletedSizeBytes" FROM mailbox WHERE account = ${account} AND expunged = 0`,
  );
  const counted = await reader.all<CountedRow>(
    sql`SELECT mailbox, COUNT(*) AS messages, SUM(CASE WHEN (flags & 1) = 0 THEN 1 ELSE 0 END) AS unseen,
      SUM(CASE WHEN (flags & 8) <> 0 THEN 1 ELSE 0 END) AS deleted, SUM(size_bytes) AS "sizeBytes",
      SUM(CASE WHEN (flags & 8) <> 0 THEN size_bytes ELSE 0 END) AS "deletedSizeBytes", MAX(uid) AS "maxUid", MAX(modseq) AS "maxModSeq"
      FROM message WHERE account = ${account} GROUP BY mailbox`,
  );
  const byMailbox = new Map(counted.map((row) => [row.mailbox, row]));
  return stated.map(({ id, name, uidNext, highestModSeq, ...counts }) => {
    const { maxUid, maxModSeq, messages, unseen, deleted, sizeBytes, deletedSizeBytes } = byMailbox.get(id) ?? nothing;
    const recount = { messages, unseen, deleted, sizeBytes, deletedSizeBytes };
    return { id, name, stated: counts, counted: recount, uidNext, maxUid, highestModSeq, maxModSeq };
  });
}

/** A statement whose every row is something wrong, with the sentence that says so. */
export interface Query {
  readonly kind: 'mailbox' | 'modseq' | 'reference' | 'size' | 'thread' | 'tombstone' | 'uid';
  readonly isLoss: boolean;
  readonly statement: ReturnType<typeof sql>;
  readonly text: (row: Readonly<Record<string, string | number | null>>) => string;
}

/** Conditions between rows that must hold, as statements that find where they do not. */
export function rowQueries(account: AccountId): readonly Query[] {
  const limit = 100;
  return [
    {
      kind: 'mailbox',
      isLoss: true,
      statement: sql`SELECT m.mailbox, m.uid FROM message AS m LEFT JOIN mailbox AS b ON b.account = m.account AND b.id = m.mailbox
        WHERE m.account = ${account} AND (b.id IS NULL OR b.expunged <> 0) LIMIT ${limit}`,
      text: (row) => `message ${row['uid']} is in mailbox ${row['mailbox']}, which does not exist`,
    },
    {
      kind: 'reference',
      isLoss: true,
      statement: sql`SELECT m.mailbox, m.uid, m.email FROM message AS m LEFT JOIN email AS e ON e.account = m.account AND e.id = m.email
        WHERE m.account = ${account} AND e.id IS NULL LIMIT ${limit}`,
      text: (row) =>
        `message ${row['uid']} of mailbox ${row['mailbox']} refers to email ${row['email']}, which does not exist`,
    },
    {
      kind: 'reference',
      isLoss: true,
      statement: sql`SELECT e.id FROM email AS e LEFT JOIN content AS c ON c.account = e.account AND c.id = e.id
        WHERE e.account = ${account} AND c.id IS NULL LIMIT ${limit}`,
      text: (row) => `email ${row['id']} has no content`,
    },
    {
      kind: 'reference',
      isLoss: false,
      statement: sql`SELECT c.id FROM content AS c LEFT JOIN email AS e ON e.account = c.account AND e.id = c.id
        WHERE c.account = ${account} AND e.id IS NULL LIMIT ${limit}`,
      text: (row) => `content ${row['id']} belongs to no email`,
    },
    {
      kind: 'reference',
      isLoss: false,
      statement: sql`SELECT e.id, e.refs, COUNT(m.id) AS places FROM email AS e LEFT JOIN message AS m ON m.account = e.account AND m.email = e.id
        WHERE e.account = ${account} GROUP BY e.id, e.refs HAVING COUNT(m.id) <> e.refs LIMIT ${limit}`,
      text: (row) => `email ${row['id']} says it is in ${row['refs']} places, and is in ${row['places']}`,
    },
    {
      kind: 'size',
      isLoss: true,
      statement: sql`SELECT e.id, e.size_bytes AS stated, c.size_bytes + length(e.prefix) AS stored FROM email AS e
        JOIN content AS c ON c.account = e.account AND c.id = e.id
        WHERE e.account = ${account} AND e.size_bytes <> c.size_bytes + length(e.prefix) LIMIT ${limit}`,
      text: (row) => `email ${row['id']} should have ${row['stated']} bytes, and has ${row['stored']}`,
    },
    {
      kind: 'size',
      isLoss: true,
      statement: sql`SELECT id, size_bytes AS stated, length(bytes) AS stored FROM content
        WHERE account = ${account} AND blob_id IS NULL AND (bytes IS NULL OR length(bytes) <> size_bytes) LIMIT ${limit}`,
      text: (row) => `content ${row['id']} should have ${row['stated']} bytes, and has ${row['stored'] ?? 'none'}`,
    },
    {
      kind: 'size',
      isLoss: false,
      statement: sql`SELECT m.mailbox, m.uid, m.size_bytes AS stated, e.size_bytes AS stored FROM message AS m
        JOIN email AS e ON e.account = m.account AND e.id = m.email
        WHERE m.account = ${account} AND m.size_bytes <> e.size_bytes LIMIT ${limit}`,
      text: (row) =>
        `message ${row['uid']} of mailbox ${row['mailbox']} says ${row['stated']} bytes, its email ${row['stored']}`,
    },
    {
      kind: 'modseq',
      isLoss: false,
      statement: sql`SELECT mailbox, uid, modseq FROM message WHERE account = ${account} AND (modseq < create_modseq
        OR modseq > (SELECT modseq FROM account_state WHERE account = ${account})) LIMIT ${limit}`,
      text: (row) => `message ${row['uid']} of mailbox ${row['mailbox']} has the impossible MODSEQ ${row['modseq']}`,
    },
    {
      kind: 'modseq',
      isLoss: false,
      statement: sql`SELECT mailbox, uid FROM (SELECT mailbox, uid, create_modseq,
        LAG(create_modseq) OVER (PARTITION BY mailbox ORDER BY uid) AS before FROM message WHERE account = ${account}) AS ordered
        WHERE create_modseq < before LIMIT ${limit}`,
      text: (row) => `message ${row['uid']} of mailbox ${row['mailbox']} is older than the UID before it`,
    },
    {
      kind: 'uid',
      isLoss: false,
      statement: sql`SELECT id, COUNT(*) AS places FROM message WHERE account = ${account} GROUP BY id HAVING COUNT(*) > 1 LIMIT ${limit}`,
      text: (row) => `the row id ${row['id']} is used by ${row['places']} messages`,
    },
    {
      kind: 'uid',
      isLoss: false,
      statement: sql`SELECT id FROM (SELECT id FROM message WHERE account = ${account} UNION ALL SELECT id FROM email WHERE account = ${account}
        UNION ALL SELECT id FROM mailbox WHERE account = ${account}) AS used
        WHERE id >= (SELECT next_id FROM account_state WHERE account = ${account}) LIMIT ${limit}`,
      text: (row) => `the row id ${row['id']} was never given out`,
    },
    {
      kind: 'tombstone',
      isLoss: false,
      statement: sql`SELECT t.mailbox, t.uid FROM tombstone AS t JOIN message AS m
        ON m.account = t.account AND m.mailbox = t.mailbox AND m.uid = t.uid WHERE t.account = ${account} LIMIT ${limit}`,
      text: (row) => `message ${row['uid']} of mailbox ${row['mailbox']} exists and has a tombstone`,
    },
    {
      kind: 'tombstone',
      isLoss: false,
      statement: sql`SELECT mailbox, uid, modseq FROM tombstone WHERE account = ${account} AND (modseq <= create_modseq
        OR modseq > (SELECT modseq FROM account_state WHERE account = ${account})) LIMIT ${limit}`,
      text: (row) =>
        `the tombstone of ${row['uid']} in mailbox ${row['mailbox']} has the impossible MODSEQ ${row['modseq']}`,
    },
    {
      kind: 'thread',
      isLoss: false,
      statement: sql`SELECT id, thread FROM email WHERE account = ${account} AND (thread > id OR thread < 1) LIMIT ${limit}`,
      text: (row) => `email ${row['id']} is in thread ${row['thread']}, which is younger than it`,
    },
    {
      kind: 'mailbox',
      isLoss: false,
      statement: sql`SELECT MIN(name) AS name, COUNT(*) AS times FROM mailbox WHERE account = ${account} GROUP BY uidvalidity
        HAVING COUNT(*) > 1 LIMIT ${limit}`,
      text: (row) => `mailbox ${row['name']} shares its UIDVALIDITY with another`,
    },
  ];
}

/** Blobs that rows refer to, with the size that they should have. */
export async function referredBlobs(
  reader: Reader,
  account: AccountId,
): Promise<{ readonly id: number; readonly blob: BlobId; readonly sizeBytes: number }[]> {
  return await reader.all(
    sql`SELECT id, blob_id AS blob, size_bytes AS "sizeBytes" FROM content WHERE account = ${account} AND blob_id IS NOT NULL`,
  );
}

/** Blobs that wait for the sweeper. */
export async function garbageBlobs(reader: Reader, account: AccountId): Promise<BlobId[]> {
  const rows = await reader.all<{ blob: BlobId }>(
    sql`SELECT blob_id AS blob FROM blob_garbage WHERE account = ${account}`,
  );
  return rows.map(({ blob }) => blob);
}
