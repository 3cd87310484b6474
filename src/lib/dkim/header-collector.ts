const LF = 10;
const CR = 13;

/** Collects the header of a message from chunks, and finds the start of the body (RFC 5322 §2.1), by the rules of `parseHeader`. */
export class HeaderCollector {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(4096);
  #size = 0;
  #isAtLineStart = true;
  /** True when the last octet was a CR; the next flag is true when its line was empty. */
  #isCrPending = false;
  #isCrLineEmpty = false;
  /** True when the empty line has been read. */
  isEnded = false;
  /** True when the header is larger than allowed; then `bytes` is only its beginning. */
  isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the bytes that belong to the header, including the empty line. @returns the number of bytes taken from `chunk`. */
  push(chunk: Uint8Array): number {
    const length = this.#headerLength(chunk);
    this.#keep(chunk.subarray(0, length));
    return length;
  }

  /** The header so far. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  #headerLength(chunk: Uint8Array): number {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (this.#isCrPending) {
        this.#isCrPending = false;
        if (this.#isCrLineEmpty) {
          this.isEnded = true;
          return byte === LF ? i + 1 : i;
        }
        this.#isAtLineStart = true;
        if (byte === LF) continue;
      }
      if (byte === CR) {
        this.#isCrPending = true;
        this.#isCrLineEmpty = this.#isAtLineStart;
      } else if (byte === LF) {
        if (this.#isAtLineStart) {
          this.isEnded = true;
          return i + 1;
        }
        this.#isAtLineStart = true;
      } else this.#isAtLineStart = false;
    }
    return chunk.length;
  }

  #keep(piece: Uint8Array): void {
    const added = Math.min(piece.length, this.#maxBytes - this.#size);
    if (added < piece.length) this.isCut = true;
    const needed = this.#size + added;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(this.#bytes.length * 2, this.#maxBytes)));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(piece.subarray(0, added), this.#size);
    this.#size = needed;
  }
}
