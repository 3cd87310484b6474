import { crc32 } from 'node:zlib';
import {
  checkedRecipients,
  contradictoryRecipients,
  hasRecipients,
  missingRecipients,
  needsContent,
  recipientsWithHalfNotice,
  recipientsWithoutMessage,
} from '#mail/queue';
import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database, type Sql } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { checkBlobs, storedBlobs, type BlobRows, type ReferredBlob } from './check-blobs.ts';
import { StoreProblems, type StoreProblem, type Report } from './store-problem.ts';
import { pages } from './pages.ts';

type Row = Readonly<Record<string, string | number | null>>;

/** A statement whose every row is something wrong, with the sentence that says so. */
interface QueueQuery {
  readonly isLoss: boolean;
  /** The table that is read from its beginning to its end. */
  readonly of: Table;
  /** @param keys  Condition on the key of that table, which makes it one page. */
  readonly statement: (keys: Sql) => Sql;
  readonly text: (row: Row) => string;
}

/** Checks the rows of the queue against each other and against its blobs. Nothing is changed. @param db  The server's database. */
export async function checkQueue(
  db: Database,
  blobs: BlobStore,
  loop: EventLoop = { pause: () => null, beginSlice: () => null },
): Promise<StoreProblem[]> {
  const problems = new StoreProblems(null);
  const { report } = problems;
  const stored = await storedBlobs(blobs, 'queue');
  for (const query of queries) {
    for await (const row of wrongRows(db, query, loop)) report('queue', query.text(row), query.isLoss);
  }
  await checkBodies(db, report, loop);
  const known = async (): Promise<Set<BlobId>> => {
    const { referred, garbage } = await blobRows(db, loop);
    return new Set([...garbage, ...referred.map(({ blob }) => blob)]);
  };
  const rows = await blobRows(db, loop);
  await checkBlobs({ blobs, owner: 'queue', what: 'message', known }, stored, rows, report, loop);
  return problems.all();
}

/** Rows of a query, a page of its table in each transaction. */
async function* wrongRows(db: Database, { of, statement }: QueueQuery, loop: EventLoop): AsyncGenerator<Row> {
  const { name, key } = tables[of];
  for (let from = -1; ;) {
    const behind = from;
    const { last, rows } = await db.read(async (reader) => {
      const page = sql`SELECT ${key} AS page_key FROM ${name} WHERE ${key} > ${behind} ORDER BY ${key} LIMIT ${pageRows}`;
      const end = await reader.get<{ last: number | null }>(sql`SELECT max(page_key) AS last FROM (${page}) AS page`);
      const to = end?.last ?? null;
      if (to === null) return { last: null, rows: [] };
      const keys = sql`${key} > ${behind} AND ${key} <= ${to}`;
      return { last: to, rows: await reader.all<Row>(statement(keys)) };
    });
    yield* rows;
    if (last === null) return;
    from = last;
    const waiting = loop.pause();
    if (waiting !== null) await waiting;
  }
}

interface BodyRow {
  readonly message: number;
  readonly bytes: Uint8Array;
  readonly crc32: number;
}

/** Compares bodies that are in their rows with their checksums. */
async function checkBodies(db: Database, report: Report, loop: EventLoop): Promise<void> {
  const after = (last: BodyRow | null): Sql =>
    sql`SELECT c.message, c.bytes, m.crc32 FROM queue_content AS c JOIN queue_message AS m ON m.id = c.message
      WHERE c.message > ${last?.message ?? -1} AND m.crc32 IS NOT NULL AND length(c.bytes) = m.body_size_bytes
      ORDER BY c.message LIMIT ${bodyRows}`;
  for await (const { message, bytes, crc32: checksum } of pages(db, after, bodyRows, loop)) {
    if (crc32(bytes) === checksum) continue;
    report('queue', `message ${message} has other bytes than were accepted: its checksum is wrong`, true);
  }
}

async function blobRows(db: Database, loop: EventLoop): Promise<BlobRows> {
  const referred: ReferredBlob[] = [];
  const ofMessages = (last: ReferredBlob | null): Sql =>
    sql`SELECT id, blob_id AS blob, body_size_bytes AS "sizeBytes", crc32 FROM queue_message
      WHERE blob_id IS NOT NULL AND blob_id > ${last?.blob ?? ''} ORDER BY blob_id LIMIT ${pageRows}`;
  for await (const row of pages(db, ofMessages, pageRows, loop)) referred.push(row);
  const garbage: BlobId[] = [];
  const toRemove = (last: { readonly blob: BlobId } | null): Sql =>
    sql`SELECT blob_id AS blob FROM queue_garbage WHERE blob_id > ${last?.blob ?? ''} ORDER BY blob_id LIMIT ${pageRows}`;
  for await (const { blob } of pages<{ readonly blob: BlobId }>(db, toRemove, pageRows, loop)) garbage.push(blob);
  return { referred, garbage };
}

/** Bodies that are read at a time: a few MiB. */
const bodyRows = 16;
/** Rows that one statement looks at, each with some of other tables. */
const pageRows = 500;

type Table = 'message' | 'content' | 'recipient' | 'attempt';

/** Tables with the names that statements give to their keys. */
const tables: Readonly<Record<Table, { readonly name: Sql; readonly key: Sql }>> = {
  message: { name: sql`queue_message AS m`, key: sql`m.id` },
  content: { name: sql`queue_content AS c`, key: sql`c.message` },
  recipient: { name: checkedRecipients, key: sql`r.id` },
  attempt: { name: sql`queue_attempt AS a`, key: sql`a.recipient` },
};

const needed = needsContent(sql`m.id`);

const queries: readonly QueueQuery[] = [
  {
    isLoss: true,
    of: 'message',
    statement: (
      keys,
    ) => sql`SELECT m.id, m.sender FROM queue_message AS m WHERE ${keys} AND m.blob_id IS NULL AND ${needed}
      AND NOT EXISTS (SELECT 1 FROM queue_content AS c WHERE c.message = m.id)`,
    text: ({ id, sender }) => `message ${id} of <${sender}> waits and has no content`,
  },
  {
    isLoss: true,
    of: 'content',
    statement: (keys) => sql`SELECT m.id, m.body_size_bytes AS stated, length(c.bytes) AS stored FROM queue_message AS m
      JOIN queue_content AS c ON c.message = m.id WHERE ${keys} AND length(c.bytes) <> m.body_size_bytes`,
    text: ({ id, stated, stored }) => `message ${id} should have ${stated} bytes, and has ${stored}`,
  },
  {
    isLoss: true,
    of: 'recipient',
    statement: recipientsWithoutMessage,
    text: ({ id, address }) => `recipient ${id}, ${address}, belongs to no message`,
  },
  {
    isLoss: false,
    of: 'message',
    statement: (keys) => sql`SELECT m.id FROM queue_message AS m WHERE ${keys} AND NOT ${hasRecipients(sql`m.id`)}`,
    text: ({ id }) => `message ${id} has no recipients`,
  },
  {
    isLoss: false,
    of: 'content',
    statement: (
      keys,
    ) => sql`SELECT c.message AS id FROM queue_content AS c LEFT JOIN queue_message AS m ON m.id = c.message
      WHERE ${keys} AND (m.id IS NULL OR NOT ${needed})`,
    text: ({ id }) => `the content of message ${id} is kept, and nobody needs it`,
  },
  {
    isLoss: false,
    of: 'attempt',
    statement: missingRecipients,
    text: ({ id }) => `there are attempts at recipient ${id}, which does not exist`,
  },
  {
    isLoss: true,
    of: 'recipient',
    statement: contradictoryRecipients,
    text: ({ id, state, finished, lease }) =>
      `recipient ${id} is ${state}, ${finished === null ? 'not finished' : 'finished'}, ${lease === null ? 'not leased' : 'leased'}: that cannot be`,
  },
  {
    isLoss: false,
    of: 'recipient',
    statement: recipientsWithHalfNotice,
    text: ({ id }) => `recipient ${id} has half a notice`,
  },
];
