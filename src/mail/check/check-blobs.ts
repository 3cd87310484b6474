import { BlobMissing, type BlobId, type BlobOwner, type BlobStore } from '#ports/blobs';
import type { Report } from './finding.ts';

/** What the rows of an owner say about its blobs. */
export interface BlobRows {
  /** `id` is the row's, for people. */
  readonly referred: readonly { readonly id: number; readonly blob: BlobId; readonly sizeBytes: number }[];
  /** To be removed soon. */
  readonly garbage: readonly BlobId[];
}

/** All blobs of an owner with their sizes. To be read before the rows, so that only a blob whose row is about to come can seem to have none. */
export async function storedBlobs(blobs: BlobStore, owner: BlobOwner): Promise<Map<BlobId, number>> {
  const stored = new Map<BlobId, number>();
  for await (const { id, sizeBytes } of blobs.list(owner)) stored.set(id, sizeBytes);
  return stored;
}

/**
 * Compares an owner's blobs with its rows, also while the owner is at work.
 * @param what  Whose blobs the rows name, such as `content`.
 * @param again  Reads the rows anew.
 */
export async function checkBlobs(
  { blobs, owner, what }: { readonly blobs: BlobStore; readonly owner: BlobOwner; readonly what: string },
  stored: ReadonlyMap<BlobId, number>,
  { referred, garbage }: BlobRows,
  again: () => Promise<BlobRows>,
  report: Report,
): Promise<void> {
  const rubbish = new Set(garbage);
  const known = new Set(garbage);
  for (const { id, blob, sizeBytes } of referred) {
    known.add(blob);
    const size = stored.get(blob) ?? (await sizeNow(blobs, owner, blob));
    if (size === null) report('blob', `the blob ${blob} of ${what} ${id} is missing`, true);
    else if (size !== sizeBytes)
      report('blob', `the blob ${blob} of ${what} ${id} should have ${sizeBytes} bytes, and has ${size}`, true);
    if (rubbish.has(blob)) report('blob', `the blob ${blob} of ${what} ${id} is to be removed`, true);
  }
  const extra = [...stored.keys()].filter((blob) => !known.has(blob));
  if (extra.length === 0) return;
  const later = await again();
  for (const { blob } of later.referred) known.add(blob);
  for (const blob of later.garbage) known.add(blob);
  for (const blob of extra)
    if (!known.has(blob)) report('orphan', `the blob ${blob} belongs to no message, and is removed when a day old`);
}

/** Null when there is none: it came after the list was read, or not at all. */
async function sizeNow(blobs: BlobStore, owner: BlobOwner, id: BlobId): Promise<number | null> {
  try {
    await using blob = await blobs.open(owner, id);
    return blob.sizeBytes;
  } catch (error) {
    if (error instanceof BlobMissing) return null;
    throw error;
  }
}
