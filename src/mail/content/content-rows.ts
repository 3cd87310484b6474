import type { AccountId, ContentId } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import type { PlacedBody } from './body.ts';

/** Adds the row of a placed body, in the transaction that adds what refers to it. */
export async function insertContent(tx: Tx, account: AccountId, id: ContentId, body: PlacedBody): Promise<void> {
  const blobId = body.kind === 'blob' ? body.id : null;
  const bytes = body.kind === 'inline' ? body.bytes : null;
  await tx.run(
    sql`INSERT INTO content (account, id, size_bytes, blob_id, bytes) VALUES (${account}, ${id}, ${body.sizeBytes}, ${blobId}, ${bytes})`,
  );
}
