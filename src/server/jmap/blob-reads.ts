import { MethodError } from '#lib/jmap';
import { isMessageDamage } from '#server/conditions';
import { findBlob } from './blob-bytes.ts';
import { isDirect, type BlobContent } from './blob-content.ts';
import type { MailContext } from './mail-context.ts';
import { resolvedId } from './set-call.ts';

/** A blob that was found. */
export interface FoundBlob {
  /** Its id, which may have been given as a creation id. */
  readonly id: string;
  readonly content: BlobContent;
}

/** Finds and counts the blobs that one call reads, so that a small request cannot cause unbounded work. */
export class BlobReads {
  readonly #context: MailContext;
  readonly #createdIds: ReadonlyMap<string, string>;
  readonly #found = new Map<string, BlobContent | null>();
  #readBytes = 0;

  constructor(context: MailContext, createdIds: ReadonlyMap<string, string>) {
    this.#context = context;
    this.#createdIds = createdIds;
  }

  /**
   * Finds a blob by its id, or by `#` and its creation id; null when there is none, or none that can be read.
   * @throws MethodError requestTooLarge.
   */
  async find(given: string): Promise<FoundBlob | null> {
    const id = resolvedId(given, this.#createdIds);
    if (id === null) return null;
    const known = this.#found.get(id);
    const content = known === undefined ? await findBlob(id, this.#context).catch(nullIfDamaged) : known;
    this.#found.set(id, content);
    if (content === null) return null;
    // The size of an encoded part is found by decoding it.
    if (known === undefined && !isDirect(content)) this.count(content.sizeBytes);
    const pause = this.#context.account.loop.pause();
    if (pause !== null) await pause;
    return { id, content };
  }

  /** Counts bytes that are read. @throws MethodError requestTooLarge. */
  count(bytes: number): void {
    const { maxSizeBlobsRead } = this.#context.limits;
    this.#readBytes += bytes;
    if (this.#readBytes > maxSizeBlobsRead)
      throw new MethodError('requestTooLarge', `at most ${maxSizeBlobsRead} octets of blobs are read in one call`);
  }

  /** Counts the bytes that are read for a range of content. @throws MethodError requestTooLarge. */
  countRange(content: BlobContent, start: number, end: number): void {
    this.count(isDirect(content) ? end - start : end);
  }
}

/** Other blobs are answered; the condition was recorded where it was found. */
export function nullIfDamaged(error: unknown): null {
  if (isMessageDamage(error)) return null;
  throw error;
}
