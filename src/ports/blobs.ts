import type { AccountId, Brand } from '#lib/ids';
import { ConditionError } from './conditions.ts';

/** Name of a blob: lower-case letters and digits only, so it is a file name everywhere. */
export type BlobId = Brand<string, 'BlobId'>;

/** Owner of the folder in which a blob lives: an account, the outbound queue, or a message still being received. */
export type BlobOwner = AccountId | 'queue' | 'incoming';

/** Random access to one immutable blob. Dispose it to release the handle. */
export interface BlobReader extends AsyncDisposable {
  readonly sizeBytes: number;
  /** Bytes from `start` (inclusive) to `end` (exclusive), clamped to the size. */
  bytes(start: number, end: number): Promise<Uint8Array>;
}

/**
 * Immutable byte strings, written once (invariants 2 and 4). Every method may reject with a ConditionError.
 * Bodies up to the inline threshold never come here; they live in the database beside their row.
 */
export interface BlobStore {
  /**
   * Writes `source` to its end. Bytes and name are durable when it resolves; of `incoming` neither, since no row ever names such a blob:
   * `share` waits for both. An incoming blob is gone after a restart. Leaves nothing behind when it rejects.
   */
  put(
    owner: BlobOwner,
    source: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<{ readonly id: BlobId; readonly sizeBytes: number }>;
  /** @throws BlobMissing when there is no such blob. */
  open(owner: BlobOwner, id: BlobId): Promise<BlobReader>;
  /** Makes the same bytes available to another owner (hard link, server-side copy or copy); durable when it resolves. */
  share(from: { readonly owner: BlobOwner; readonly id: BlobId }, to: BlobOwner): Promise<BlobId>;
  /** Idempotent; called by the sweeper only. */
  remove(owner: BlobOwner, id: BlobId): Promise<void>;
  /** All blobs of an owner, for the consistency check and the sweeper's search for orphans. */
  list(
    owner: BlobOwner,
  ): AsyncIterable<{ readonly id: BlobId; readonly sizeBytes: number; readonly modifiedMs: number }>;
  /** All owners that have blobs. */
  owners(): AsyncIterable<BlobOwner>;
}

/** Thrown by `BlobStore.open` and `share` for a blob that does not exist. */
export class BlobMissing extends ConditionError {
  override readonly name = 'BlobMissing';

  /** @param what  The blob and its owner. */
  constructor(what: string, options: ErrorOptions = {}) {
    super('blobMissing', what, options);
  }
}
