import { crc32 } from 'node:zlib';
import { BlobMissing, type BlobId, type BlobOwner, type BlobStore } from '#ports/blobs';
import type { EventLoop } from '#ports/event-loop';
import type { Report } from './store-problem.ts';

/** A blob that a row refers to. */
export interface ReferredBlob {
  /** The row's, for people. */
  readonly id: number;
  readonly blob: BlobId;
  readonly sizeBytes: number;
  /** Null when the row has no checksum. */
  readonly crc32: number | null;
}

/** Blobs according to the rows of an owner. */
export interface BlobRows {
  readonly referred: readonly ReferredBlob[];
  /** To be removed soon. */
  readonly garbage: readonly BlobId[];
}

/** Owner whose blobs are compared. */
export interface BlobTarget {
  readonly blobs: BlobStore;
  readonly owner: BlobOwner;
  /** Kind of things that the ids of rows belong to, such as `content`. */
  readonly what: string;
  /** Of some blobs, those that rows know by now. */
  readonly known: (blobs: readonly BlobId[]) => Promise<ReadonlySet<BlobId>>;
}

/** All blobs of an owner with their sizes. To be read before the rows, so that only a blob whose row is about to come can seem to have none. */
export async function storedBlobs(blobs: BlobStore, owner: BlobOwner): Promise<Map<BlobId, number>> {
  const stored = new Map<BlobId, number>();
  for await (const { id, sizeBytes } of blobs.list(owner)) stored.set(id, sizeBytes);
  return stored;
}

/** Compares an owner's blobs with its rows, also while the owner is at work, and reads each blob for its checksum. */
export async function checkBlobs(
  { blobs, owner, what, known }: BlobTarget,
  stored: ReadonlyMap<BlobId, number>,
  { referred, garbage }: BlobRows,
  report: Report,
  loop: EventLoop,
): Promise<void> {
  const rubbish = new Set(garbage);
  const seen = new Set(garbage);
  for (const row of referred) {
    seen.add(row.blob);
    const problem = await blobProblem(blobs, owner, row, loop);
    if (problem !== null) report('blob', `the blob ${row.blob} of ${what} ${row.id} ${problem}`, true, row.id);
    if (rubbish.has(row.blob))
      report('blob', `the blob ${row.blob} of ${what} ${row.id} is to be removed`, true, row.id);
  }
  const extra = [...stored.keys()].filter((blob) => !seen.has(blob));
  if (extra.length === 0) return;
  const later = await known(extra);
  for (const blob of extra) if (!later.has(blob)) report('orphan', `the blob ${blob} belongs to no message`);
}

const pieceBytes = 256 * 1024;

/** Reads a blob. @returns what is wrong with it, null when nothing is. */
async function blobProblem(
  blobs: BlobStore,
  owner: BlobOwner,
  { blob, sizeBytes, crc32: checksum }: ReferredBlob,
  loop: EventLoop,
): Promise<string | null> {
  try {
    await using reader = await blobs.open(owner, blob);
    if (reader.sizeBytes !== sizeBytes) return `should have ${sizeBytes} bytes, and has ${reader.sizeBytes}`;
    if (checksum === null) return null;
    let found = 0;
    for (let at = 0; at < sizeBytes; at += pieceBytes) {
      found = crc32(await reader.bytes(at, at + pieceBytes), found);
      const waiting = loop.pause();
      if (waiting !== null) await waiting;
    }
    return found === checksum ? null : 'has other bytes than were stored: its checksum is wrong';
  } catch (error) {
    if (error instanceof BlobMissing) return 'is missing';
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
