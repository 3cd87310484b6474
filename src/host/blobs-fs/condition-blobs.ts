import { conditionOf } from '#host/conditions';
import type { DiskReserve } from '#host/disk-reserve';
import type { BlobId, BlobOwner, BlobReader, BlobStore } from '#ports/blobs';
import { ConditionError, type ConditionSink } from '#ports/conditions';
import type { FolderBlobs } from './folder-blobs.ts';

/** Dependencies of `ConditionBlobs`. */
interface ConditionBlobsDeps {
  readonly blobs: FolderBlobs;
  readonly directory: string;
  readonly reserve: DiskReserve;
  readonly conditions: ConditionSink;
}

/** A blob store whose errors of the system come as conditions, which are noted; while the reserve of the disk is in use it writes nothing new. */
export class ConditionBlobs implements FolderBlobs {
  readonly #deps: ConditionBlobsDeps;

  constructor(deps: ConditionBlobsDeps) {
    this.#deps = deps;
  }

  async put(
    owner: BlobOwner,
    source: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<{ readonly id: BlobId; readonly sizeBytes: number }> {
    const { blobs, directory, reserve } = this.#deps;
    if (reserve.isShort) throw this.#noted(new ConditionError('diskFull', directory));
    return await this.#naming(() => blobs.put(owner, source, signal));
  }

  async open(owner: BlobOwner, id: BlobId): Promise<BlobReader> {
    const reader = await this.#naming(() => this.#deps.blobs.open(owner, id));
    return {
      sizeBytes: reader.sizeBytes,
      bytes: (start, end) => this.#naming(() => reader.bytes(start, end)),
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    };
  }

  share(from: { readonly owner: BlobOwner; readonly id: BlobId }, to: BlobOwner): Promise<BlobId> {
    return this.#naming(() => this.#deps.blobs.share(from, to));
  }

  remove(owner: BlobOwner, id: BlobId): Promise<void> {
    return this.#naming(() => this.#deps.blobs.remove(owner, id));
  }

  list(owner: BlobOwner): ReturnType<BlobStore['list']> {
    return this.#deps.blobs.list(owner);
  }

  owners(): ReturnType<BlobStore['owners']> {
    return this.#deps.blobs.owners();
  }

  restoreFolders(): Promise<readonly string[]> {
    return this.#naming(() => this.#deps.blobs.restoreFolders());
  }

  async #naming<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#noted(error);
    }
  }

  /** Returns the condition that an error stands for, noted, or the error itself. */
  #noted(error: unknown): unknown {
    const known = conditionOf(error, this.#deps.directory);
    if (known instanceof ConditionError) this.#deps.conditions.note(known);
    return known;
  }
}
