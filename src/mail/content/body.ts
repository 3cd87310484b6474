import type { AccountId } from '#lib/ids';
import type { BlobId, BlobStore } from '#ports/blobs';

/** A whole message as it came in: bytes while small, else a blob, of the owner `incoming` until it is placed, which makes it durable. */
export type ReceivedBody =
  | { readonly kind: 'inline'; readonly sizeBytes: number; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly sizeBytes: number; readonly id: BlobId; readonly crc32: number };

/** A body that an account's row may refer to: its blob, if any, is the account's own and durable (invariant 2: blob before row). */
export type PlacedBody =
  | { readonly kind: 'inline'; readonly sizeBytes: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'blob';
      readonly sizeBytes: number;
      readonly id: BlobId;
      readonly crc32: number;
      readonly account: AccountId;
    };

/** A body that is in memory already. The bytes must not change afterwards. */
export function bodyOfBytes(bytes: Uint8Array): Extract<ReceivedBody, { kind: 'inline' }> {
  return { kind: 'inline', sizeBytes: bytes.length, bytes };
}

/** Makes a received body available to an account; to be done before the transaction that adds its row. */
export async function placeBody(blobs: BlobStore, body: ReceivedBody, account: AccountId): Promise<PlacedBody> {
  if (body.kind === 'inline') return body;
  const id = await blobs.share({ owner: 'incoming', id: body.id }, account);
  return { kind: 'blob', sizeBytes: body.sizeBytes, id, crc32: body.crc32, account };
}

/** Makes a received body available to the queue, durably; to be done before the transaction that adds its row. */
export async function placeInQueue(blobs: BlobStore, body: ReceivedBody): Promise<ReceivedBody> {
  if (body.kind === 'inline') return body;
  return { ...body, id: await blobs.share({ owner: 'incoming', id: body.id }, 'queue') };
}
