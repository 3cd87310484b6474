import type { AccountId, ContentId } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import type { PlacedBody } from './body.ts';

/** Adds the row of a placed body, in the transaction that adds what refers to it. `hasNul`: a NUL occurs in it. */
export async function insertContent(
  tx: Tx,
  account: AccountId,
  id: ContentId,
  body: PlacedBody,
  hasNul: boolean,
): Promise<void> {
  const blobId = body.kind === 'blob' ? body.id : null;
  const bytes = body.kind === 'inline' ? body.bytes : null;
  await tx.run(
    sql`INSERT INTO content (account, id, size_bytes, has_nul, blob_id, bytes)
      VALUES (${account}, ${id}, ${body.sizeBytes}, ${hasNul ? 1 : 0}, ${blobId}, ${bytes})`,
  );
}
