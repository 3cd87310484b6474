/**
 * Memory that messages on their way in may share beyond the part that each may always use. A body that gets none goes to a blob instead:
 * slower, and as safe.
 */
export class ContentMemory {
  readonly #parent: ContentMemory | null;
  #freeBytes: number;

  /** @param parent  Lends every byte of this one as well. */
  constructor(limitBytes: number, parent: ContentMemory | null = null) {
    this.#freeBytes = limitBytes;
    this.#parent = parent;
  }

  /** Takes some bytes. @returns false, with nothing taken, when there are not so many left. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes || this.#parent?.take(bytes) === false) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  /** Gives back bytes that were taken. */
  release(bytes: number): void {
    this.#freeBytes += bytes;
    this.#parent?.release(bytes);
  }
}
