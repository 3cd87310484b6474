import type { QueueId } from '#lib/ids';
import { ContentDamaged, storedMessageBytes, type MessageBytes } from '#mail/content';
import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database } from '#ports/database';

/** Row with the place of a queued message's bytes. */
export interface ContentRow {
  readonly message: QueueId;
  readonly prefix: Uint8Array;
  readonly bodySizeBytes: number;
  /** Null for messages that were queued before there were checksums. */
  readonly crc32: number | null;
  readonly blobId: BlobId | null;
}

/** Opens a queued message. Inline bytes are read at once, blobs when asked for. @throws ContentDamaged when the content is gone. */
export async function openContent(db: Database, blobs: BlobStore, row: ContentRow): Promise<MessageBytes> {
  const { message, prefix, bodySizeBytes: sizeBytes, crc32, blobId } = row;
  if (blobId !== null) return storedMessageBytes(blobs, 'queue', { sizeBytes, crc32, blobId, bytes: null }, prefix);
  const stored = await db.read((reader) =>
    reader.get<{ bytes: Uint8Array }>(sql`SELECT bytes FROM queue_content WHERE message = ${message}`),
  );
  if (stored === undefined) throw new ContentDamaged('server.db', `queued message ${message} has no content`);
  return storedMessageBytes(blobs, 'queue', { sizeBytes, crc32, blobId, bytes: stored.bytes }, prefix);
}
