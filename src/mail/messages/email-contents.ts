import type { AccountId, ContentId } from '#lib/ids';
import { DescriptionDamaged } from '#lib/message-description';
import { MimeIndexer, type Part } from '#lib/mime';
import { storedMessageBytes, type MessageBytes } from '#mail/content';
import { inList } from '#mail/schema';
import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database, type SqlValue } from '#ports/database';
import { messageLimits } from './limits.ts';
import { readOldStructure } from './old-structure.ts';
import { readDescription, writeDescription } from './stored-description.ts';

/** Dependencies of `emailContents`. */
interface EmailContentsDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly blobs: BlobStore;
}

/** A stored message by its own id, wherever its places are. */
export interface EmailContent {
  readonly id: ContentId;
  readonly headerSizeBytes: number;
  readonly content: MessageBytes;
  /** Returns the part tree, from the description where that is intact. @throws ContentDamaged and the like. */
  readonly root: () => Promise<Part>;
}

/** Reads the messages that exist among some ids, at most 512, but those that were expunged; bodies over `messageLimits.batchBodyBytes` when their bytes are asked for. What it shows is durable. */
export async function emailContents(
  { account, db, blobs }: EmailContentsDeps,
  ids: readonly number[],
): Promise<EmailContent[]> {
  if (ids.length === 0) return [];
  const rows = await db.read((reader) =>
    reader.arrays(
      sql`SELECT e.id, e.header_bytes, e.prefix, c.size_bytes, c.crc32, c.blob_id,
          CASE WHEN c.size_bytes <= ${messageLimits.batchBodyBytes} THEN c.bytes END,
          e.description, e.structure
        FROM email AS e JOIN content AS c ON c.account = e.account AND c.id = e.id
        WHERE e.account = ${account} AND e.id IN ${inList(ids)}
          AND NOT EXISTS (SELECT 1 FROM expunged_email AS x WHERE x.account = e.account AND x.id = e.id) ORDER BY e.id`,
    ),
  );
  await db.durable();
  return rows.map((row) => {
    const [id, headerBytes, prefix, sizeBytes, crc32, blobId, body, description, structure] =
      row as unknown as EmailRow;
    const isLater = body === null && blobId === null;
    const bytes = isLater ? (start: number, end: number) => bodyBytes(db, account, id, start, end) : body;
    const content = storedMessageBytes(blobs, account, { sizeBytes, crc32, blobId, bytes }, prefix);
    const root = (): Promise<Part> => rootOf(content, prefix.length, description, structure);
    return { id, headerSizeBytes: headerBytes, content, root };
  });
}

type EmailRow = readonly [
  id: ContentId,
  headerBytes: number,
  prefix: Uint8Array,
  sizeBytes: number,
  crc32: number | null,
  blobId: BlobId | null,
  body: Uint8Array | null,
  description: Uint8Array | null,
  structure: string,
];

async function bodyBytes(
  db: Database,
  account: AccountId,
  id: number,
  start: number,
  end: number,
): Promise<Uint8Array | null> {
  const rows = await db.read((reader) =>
    reader.arrays(
      sql`SELECT substr(bytes, ${start + 1}, ${end - start}) FROM content WHERE account = ${account} AND id = ${id}`,
    ),
  );
  const bytes: SqlValue | undefined = rows[0]?.[0];
  return bytes instanceof Uint8Array ? bytes : null;
}

async function rootOf(
  content: MessageBytes,
  prefixBytes: number,
  description: Uint8Array | null,
  structure: string,
): Promise<Part> {
  try {
    return description === null
      ? readOldStructure(structure, prefixBytes)
      : readDescription(description, prefixBytes).root;
  } catch (error) {
    if (!(error instanceof DescriptionDamaged)) throw error;
  }
  const indexer = new MimeIndexer();
  for await (const chunk of content.stream(prefixBytes, content.sizeBytes)) indexer.push(chunk);
  const { listed, root } = indexer.finish();
  return readDescription(writeDescription(listed, root), prefixBytes).root;
}
