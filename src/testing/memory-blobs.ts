import { BlobMissing, type BlobId, type BlobOwner, type BlobReader, type BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';

interface MemoryBlob {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

/** A blob store in memory, which a restart of the code under test does not empty. */
export class MemoryBlobs implements BlobStore {
  readonly #clock: Clock;
  readonly #owners = new Map<BlobOwner, Map<BlobId, MemoryBlob>>();
  #count = 0;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Number of blobs of all owners. */
  get size(): number {
    return [...this.#owners.values()].reduce((sum, blobs) => sum + blobs.size, 0);
  }

  async put(
    owner: BlobOwner,
    source: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<{ readonly id: BlobId; readonly sizeBytes: number }> {
    signal?.throwIfAborted();
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) {
      signal?.throwIfAborted();
      chunks.push(chunk.slice());
    }
    const bytes = new Uint8Array(Buffer.concat(chunks));
    return { id: this.#keep(owner, bytes), sizeBytes: bytes.length };
  }

  open(owner: BlobOwner, id: BlobId): Promise<BlobReader> {
    const blob = this.#owners.get(owner)?.get(id);
    if (blob === undefined) return Promise.reject(new BlobMissing(`blob ${id} of ${owner}`));
    const { bytes } = blob;
    return Promise.resolve({
      sizeBytes: bytes.length,
      bytes: (start, end) => Promise.resolve(bytes.slice(start, end)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }

  share({ owner, id }: { readonly owner: BlobOwner; readonly id: BlobId }, to: BlobOwner): Promise<BlobId> {
    const blob = this.#owners.get(owner)?.get(id);
    if (blob === undefined) return Promise.reject(new BlobMissing(`blob ${id} of ${owner}`));
    return Promise.resolve(this.#keep(to, blob.bytes));
  }

  remove(owner: BlobOwner, id: BlobId): Promise<void> {
    const blobs = this.#owners.get(owner);
    blobs?.delete(id);
    if (blobs?.size === 0) this.#owners.delete(owner);
    return Promise.resolve();
  }

  async *list(
    owner: BlobOwner,
  ): AsyncGenerator<{ readonly id: BlobId; readonly sizeBytes: number; readonly modifiedMs: number }> {
    for (const [id, { bytes, modifiedMs }] of this.#owners.get(owner) ?? [])
      yield { id, sizeBytes: bytes.length, modifiedMs };
  }

  async *owners(): AsyncGenerator<BlobOwner> {
    for (const owner of this.#owners.keys()) yield owner;
  }

  #keep(owner: BlobOwner, bytes: Uint8Array): BlobId {
    this.#count += 1;
    const id = this.#count.toString(16).padStart(32, '0') as BlobId;
    const blobs = this.#owners.get(owner) ?? new Map<BlobId, MemoryBlob>();
    this.#owners.set(owner, blobs.set(id, { bytes, modifiedMs: this.#clock.now() }));
    return id;
  }
}
