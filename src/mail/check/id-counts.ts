const chunkSize = 4096;

/** Counts by row id. Ids of an account are close together, so a count takes four bytes; an absurd id of a damaged row takes a chunk. */
export class IdCounts {
  readonly #chunks = new Map<number, Uint32Array>();

  /** Adds one. @returns the count before. */
  add(id: number): number {
    const key = Math.floor(id / chunkSize);
    let chunk = this.#chunks.get(key);
    if (chunk === undefined) {
      chunk = new Uint32Array(chunkSize);
      this.#chunks.set(key, chunk);
    }
    const at = id - key * chunkSize;
    const before = chunk[at] ?? 0;
    chunk[at] = before + 1;
    return before;
  }

  /** The count of an id, 0 when it was never added. */
  get(id: number): number {
    const key = Math.floor(id / chunkSize);
    return this.#chunks.get(key)?.[id - key * chunkSize] ?? 0;
  }
}
