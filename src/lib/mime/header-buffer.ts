/** Buffer for the current header, with a limit for each header and one for all headers of a message. */
export class HeaderBuffer {
  readonly #maxBytes: number;
  #budget: number;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  constructor(maxBytes: number, maxAllBytes: number) {
    this.#maxBytes = maxBytes;
    this.#budget = maxAllBytes;
  }

  /** Begins a header at this offset of the message. */
  begin(start: number): void {
    this.#start = start;
    this.#size = 0;
  }

  /** Keeps the part of `chunk`, at offset `base`, that belongs to a header which continues in the next chunk. */
  keep(chunk: Uint8Array, base: number): void {
    this.#add(chunk.subarray(Math.max(this.#start - base, 0)));
  }

  /** Returns the header up to offset `end`, cut at the limits. Valid until the next call. */
  take(chunk: Uint8Array, base: number, end: number): { readonly bytes: Uint8Array; readonly isCut: boolean } {
    const length = end - this.#start;
    const allowed = Math.min(length, this.#maxBytes, this.#budget);
    this.#budget -= allowed;
    if (this.#start >= base) {
      const from = this.#start - base;
      return { bytes: chunk.subarray(from, from + allowed), isCut: allowed < length };
    }
    if (end > base) this.#add(chunk.subarray(0, end - base));
    return { bytes: this.#bytes.subarray(0, allowed), isCut: allowed < length };
  }

  #add(piece: Uint8Array): void {
    const added = Math.min(piece.length, Math.min(this.#maxBytes, this.#budget) - this.#size);
    if (added <= 0) return;
    const needed = this.#size + added;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2, 4096));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#bytes.set(piece.subarray(0, added), this.#size);
    this.#size = needed;
  }
}
