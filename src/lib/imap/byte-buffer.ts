/** Growing byte buffer. Doubles its capacity, so that n bytes cost O(n) in chunks of any size. */
export class ByteBuffer {
  #bytes: Uint8Array;
  #size = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** View of the appended bytes, valid until the next change. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  append(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#size);
    this.#size = size;
  }

  /** Removes all bytes, and frees the memory when it was much. */
  clear(): void {
    this.#size = 0;
    if (this.#bytes.length > 16_384) this.#bytes = new Uint8Array(256);
  }
}
