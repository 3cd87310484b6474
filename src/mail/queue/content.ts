import { storedMessageBytes, type MessageBytes } from '#mail/content';
import type { QueueId } from '#lib/ids';
import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database } from '#ports/database';

/** Where the bytes of a queued message are. */
export interface ContentRow {
  readonly message: QueueId;
  readonly prefix: Uint8Array;
  readonly bodySizeBytes: number;
  readonly blobId: BlobId | null;
}

/** Opens a queued message. Inline bytes are read at once, blobs when asked for. @throws Error when the content is gone. */
export async function openContent(db: Database, blobs: BlobStore, row: ContentRow): Promise<MessageBytes> {
  const { message, prefix, bodySizeBytes: sizeBytes, blobId } = row;
  if (blobId !== null) return storedMessageBytes(blobs, 'queue', { sizeBytes, blobId, bytes: null }, prefix);
  const stored = await db.read((reader) =>
    reader.get<{ bytes: Uint8Array }>(sql`SELECT bytes FROM queue_content WHERE message = ${message}`),
  );
  if (stored === undefined) throw new Error(`queued message ${message} has no content`);
  return storedMessageBytes(blobs, 'queue', { sizeBytes, blobId, bytes: stored.bytes }, prefix);
}
