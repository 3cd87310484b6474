import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database, type Reader, type Sql } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { checkBlobs, storedBlobs, type BlobRows } from './check-blobs.ts';
import { Findings, type Finding } from './finding.ts';

type Row = Readonly<Record<string, string | number | null>>;

/** A statement whose every row is something wrong, with the sentence that says so. */
interface QueueQuery {
  readonly isLoss: boolean;
  readonly statement: Sql;
  readonly text: (row: Row) => string;
}

/** Checks the rows of the queue against each other and against its blobs. Nothing is changed. @param db  The server's database. */
export async function checkQueue(
  db: Database,
  blobs: BlobStore,
  loop: EventLoop = { pause: () => null },
): Promise<Finding[]> {
  const findings = new Findings(null);
  const { report } = findings;
  const stored = await storedBlobs(blobs, 'queue');
  for (const { isLoss, statement, text } of queries) {
    for (const row of await db.read((reader) => reader.all<Row>(statement))) report('queue', text(row), isLoss);
    const waiting = loop.pause();
    if (waiting !== null) await waiting;
  }
  const known = async (): Promise<Set<BlobId>> => {
    const { referred, garbage } = await db.read(blobRows);
    return new Set([...garbage, ...referred.map(({ blob }) => blob)]);
  };
  await checkBlobs({ blobs, owner: 'queue', what: 'message', known }, stored, await db.read(blobRows), report, loop);
  return findings.all();
}

async function blobRows(reader: Reader): Promise<BlobRows> {
  const garbage = await reader.all<{ blob: BlobId }>(sql`SELECT blob_id AS blob FROM queue_garbage`);
  return {
    referred: await reader.all(
      sql`SELECT id, blob_id AS blob, body_size_bytes AS "sizeBytes", NULL AS crc32 FROM queue_message WHERE blob_id IS NOT NULL`,
    ),
    garbage: garbage.map(({ blob }) => blob),
  };
}

const limit = 100;
/** Recipients that still need the message: not finished, or with a notice that quotes it. */
const needed = sql`EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.message = m.id AND (r.finished_ms IS NULL OR r.notice IS NOT NULL))`;

const queries: readonly QueueQuery[] = [
  {
    isLoss: true,
    statement: sql`SELECT m.id, m.sender FROM queue_message AS m WHERE m.blob_id IS NULL AND ${needed}
      AND NOT EXISTS (SELECT 1 FROM queue_content AS c WHERE c.message = m.id) LIMIT ${limit}`,
    text: ({ id, sender }) => `message ${id} of <${sender}> waits and has no content`,
  },
  {
    isLoss: true,
    statement: sql`SELECT m.id, m.body_size_bytes AS stated, length(c.bytes) AS stored FROM queue_message AS m
      JOIN queue_content AS c ON c.message = m.id WHERE length(c.bytes) <> m.body_size_bytes LIMIT ${limit}`,
    text: ({ id, stated, stored }) => `message ${id} should have ${stated} bytes, and has ${stored}`,
  },
  {
    isLoss: true,
    statement: sql`SELECT r.id, r.address FROM queue_recipient AS r LEFT JOIN queue_message AS m ON m.id = r.message
      WHERE m.id IS NULL LIMIT ${limit}`,
    text: ({ id, address }) => `recipient ${id}, ${address}, belongs to no message`,
  },
  {
    isLoss: false,
    statement: sql`SELECT m.id FROM queue_message AS m WHERE NOT EXISTS
      (SELECT 1 FROM queue_recipient AS r WHERE r.message = m.id) LIMIT ${limit}`,
    text: ({ id }) => `message ${id} has no recipients`,
  },
  {
    isLoss: false,
    statement: sql`SELECT c.message AS id FROM queue_content AS c LEFT JOIN queue_message AS m ON m.id = c.message
      WHERE m.id IS NULL OR NOT ${needed} LIMIT ${limit}`,
    text: ({ id }) => `the content of message ${id} is kept, and nobody needs it`,
  },
  {
    isLoss: false,
    statement: sql`SELECT a.recipient AS id FROM queue_attempt AS a LEFT JOIN queue_recipient AS r ON r.id = a.recipient
      WHERE r.id IS NULL GROUP BY a.recipient LIMIT ${limit}`,
    text: ({ id }) => `there are attempts at recipient ${id}, which does not exist`,
  },
  {
    isLoss: true,
    statement: sql`SELECT id, state, finished_ms AS finished, lease FROM queue_recipient WHERE
      state NOT IN ('queued', 'leased', 'delivered', 'failed', 'dropped')
      OR (state IN ('queued', 'leased')) <> (finished_ms IS NULL)
      OR (state = 'leased') <> (lease IS NOT NULL AND lease_until_ms IS NOT NULL) LIMIT ${limit}`,
    text: ({ id, state, finished, lease }) =>
      `recipient ${id} is ${state}, ${finished === null ? 'not finished' : 'finished'}, ${lease === null ? 'not leased' : 'leased'}: that cannot be`,
  },
  {
    isLoss: false,
    statement: sql`SELECT id FROM queue_recipient WHERE (notice IS NULL) <> (notice_kind IS NULL)
      OR (notice IS NULL) <> (notice_due_ms IS NULL) LIMIT ${limit}`,
    text: ({ id }) => `recipient ${id} has half a notice`,
  },
];
