import { crc32 } from 'node:zlib';
import type { AccountId, ContentId } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import type { PlacedBody } from './body.ts';

/** Adds the row of a placed body with its checksum, in the transaction that adds what refers to it. `hasNul`: a NUL occurs in it. */
export async function insertContent(
  tx: Tx,
  account: AccountId,
  id: ContentId,
  body: PlacedBody,
  hasNul: boolean,
): Promise<void> {
  const blobId = body.kind === 'blob' ? body.id : null;
  const bytes = body.kind === 'inline' ? body.bytes : null;
  const checksum = body.kind === 'inline' ? crc32(body.bytes) : body.crc32;
  await tx.run(
    sql`INSERT INTO content (account, id, size_bytes, has_nul, crc32, blob_id, bytes)
      VALUES (${account}, ${id}, ${body.sizeBytes}, ${hasNul ? 1 : 0}, ${checksum}, ${blobId}, ${bytes})`,
  );
}
