import { joinBytes } from '#lib/codecs';
import { crc32 } from 'node:zlib';
import type { BlobId, BlobStore } from '#ports/blobs';
import type { ReceivedBody } from './body.ts';
import type { ContentMemory } from './content-memory.ts';
import { contentLimits, type ContentLimits } from './limits.ts';

/** Dependencies of `ContentWriter`. */
export interface ContentWriterDeps {
  readonly blobs: BlobStore;
  /** Memory that is shared with other writers; without it bodies beyond `contentLimits.ownBytes` go to a blob. */
  readonly memory?: ContentMemory;
  readonly limits?: Partial<Pick<ContentLimits, 'inlineBytes' | 'ownBytes'>>;
}

/**
 * Takes a message of unknown length as chunks: in memory up to the inline threshold, as long as there is memory, then streamed into the blob
 * store with its back-pressure. Call `finish` once, or `abort`; after a successful `finish` dispose it when the message is placed (or refused), to drop the incoming copy.
 */
export class ContentWriter implements AsyncDisposable {
  readonly #blobs: BlobStore;
  readonly #inlineBytes: number;
  readonly #memory: ContentMemory | null;
  /** Bytes that may be kept: our own and what was taken of the shared ones. */
  #roomBytes: number;
  #takenBytes = 0;
  readonly #chunks: Uint8Array[] = [];
  #sizeBytes = 0;
  #spill: Spill | null = null;
  #blobId: BlobId | null = null;
  #ended = false;

  constructor(deps: ContentWriterDeps) {
    this.#blobs = deps.blobs;
    const { inlineBytes, ownBytes } = { ...contentLimits, ...deps.limits };
    this.#inlineBytes = inlineBytes;
    this.#memory = deps.memory ?? null;
    this.#roomBytes = Math.min(inlineBytes, ownBytes);
  }

  /** Bytes taken so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes the next bytes, which must not change afterwards. Null when there is nothing to wait for; rejects when the disk does. */
  write(chunk: Uint8Array): Promise<void> | null {
    if (this.#ended) throw new Error('write after the end');
    this.#sizeBytes += chunk.length;
    if (this.#spill !== null) return this.#spill.push(chunk);
    this.#chunks.push(chunk);
    if (this.#hasRoom()) return null;
    const spill = new Spill();
    this.#spill = spill;
    spill.start(this.#blobs.put('incoming', spill));
    const first = joinBytes(this.#chunks);
    this.#chunks.length = 0;
    this.#releaseMemory();
    return spill.push(first);
  }

  /** Ends the message: in memory, or an incoming blob that `placeBody` and `placeInQueue` make durable. */
  async finish(): Promise<ReceivedBody> {
    this.#ended = true;
    if (this.#spill === null) {
      const bytes = joinBytes(this.#chunks);
      this.#chunks.length = 0;
      this.#releaseMemory(Math.min(this.#takenBytes, this.#roomBytes - bytes.length));
      return { kind: 'inline', sizeBytes: bytes.length, bytes };
    }
    const spill = this.#spill;
    const { id, sizeBytes } = await spill.end();
    this.#blobId = id;
    return { kind: 'blob', sizeBytes, id, crc32: spill.crc32 };
  }

  /** Drops everything. The blob store leaves nothing behind of a spill that was cut short. */
  async abort(): Promise<void> {
    this.#ended = true;
    this.#chunks.length = 0;
    this.#releaseMemory();
    if (this.#spill === null) return;
    if (this.#blobId === null) await this.#spill.fail(new Error('message aborted'));
    await this.#drop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  /** Takes memory for all that may come inline at once: a body that outgrows its own part mostly outgrows the next as well. */
  #hasRoom(): boolean {
    if (this.#sizeBytes <= this.#roomBytes) return true;
    if (this.#sizeBytes > this.#inlineBytes || this.#takenBytes > 0 || this.#memory === null) return false;
    const bytes = this.#inlineBytes - this.#roomBytes;
    if (!this.#memory.take(bytes)) return false;
    this.#takenBytes = bytes;
    this.#roomBytes = this.#inlineBytes;
    return true;
  }

  #releaseMemory(bytes = this.#takenBytes): void {
    this.#memory?.release(bytes);
    this.#takenBytes -= bytes;
  }

  /** No row ever refers to an incoming blob, so it may go at once; should that fail, the sweeper finds it by its age. */
  async #drop(): Promise<void> {
    const id = this.#blobId;
    this.#blobId = null;
    this.#spill = null;
    if (id !== null) await this.#blobs.remove('incoming', id).catch(() => undefined);
  }
}

type Stored = { readonly id: BlobId; readonly sizeBytes: number };

/** Hands chunks from `push` to the blob store's reading loop, one at a time. */
class Spill implements AsyncIterable<Uint8Array> {
  #chunk: Uint8Array | null = null;
  #crc32 = 0;
  #ended = false;
  #failure: Error | null = null;
  #wakeReader: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;
  #stored: Promise<Stored> = Promise.reject(new Error('not started'));

  constructor() {
    this.#stored.catch(() => undefined);
  }

  /** CRC-32 of all chunks so far. */
  get crc32(): number {
    return this.#crc32;
  }

  start(stored: Promise<Stored>): void {
    this.#stored = stored;
    // A failed disk must wake a waiting writer; push and end report the failure itself.
    stored.catch((cause: unknown) => {
      this.#failure ??= cause instanceof Error ? cause : new Error(String(cause));
      this.#wakeWriter?.();
    });
  }

  async push(chunk: Uint8Array): Promise<void> {
    while (this.#chunk !== null && this.#failure === null) await new Promise<void>((wake) => (this.#wakeWriter = wake));
    if (this.#failure !== null) throw this.#failure;
    this.#chunk = chunk;
    this.#crc32 = crc32(chunk, this.#crc32);
    this.#wakeReader?.();
  }

  async end(): Promise<Stored> {
    this.#ended = true;
    this.#wakeReader?.();
    return await this.#stored;
  }

  async fail(reason: Error): Promise<void> {
    this.#failure ??= reason;
    this.#wakeReader?.();
    this.#wakeWriter?.();
    await this.#stored.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const chunk = this.#chunk;
      if (chunk !== null) {
        this.#chunk = null;
        this.#wakeWriter?.();
        yield chunk;
      } else if (this.#ended) return;
      else await new Promise<void>((wake) => (this.#wakeReader = wake));
    }
  }
}
