/** The last octet that ends a run: CR. Before it are LF, and controls that are rare in text. */
const maxEnd = 13;
const belowText = 0x0e0e_0e0e;
const highBits = 0x8080_8080;
/** Below this, setting up a view of words costs more than it saves. */
const minWordwiseBytes = 256;
const noWords = new Int32Array(0);

/** One chunk of content, prepared for finding the ends of its runs of text. */
export class TextRuns {
  readonly bytes: Uint8Array;
  /** Offset of the first whole word. */
  readonly #head: number;
  readonly #words: Int32Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#head = (4 - (bytes.byteOffset & 3)) & 3;
    this.#words =
      bytes.length < minWordwiseBytes
        ? noWords
        : new Int32Array(bytes.buffer, bytes.byteOffset + this.#head, (bytes.length - this.#head) >> 2);
  }

  /** Returns the offset of the first octet with a value up to CR (13) at or after `from`; `end` when there is none before it. */
  endOf(from: number, end: number): number {
    const { bytes } = this;
    const words = this.#words;
    const head = this.#head;
    let at = from;
    while (at < end && ((at - head) & 3) !== 0) {
      if ((bytes[at] as number) <= maxEnd) return at;
      at++;
    }
    const wordEnd = Math.min(words.length, (end - head) >> 2);
    let word = (at - head) >> 2;
    while (word < wordEnd) {
      const four = words[word] as number;
      // A high bit stays exactly if one of the four octets is below 14: only then does the subtraction borrow.
      if (((four - belowText) & ~four & highBits) !== 0) break;
      word++;
    }
    at = Math.max(at, head + word * 4);
    while (at < end && (bytes[at] as number) > maxEnd) at++;
    return at;
  }

  /** Returns the offset of the first LF at or after `from`; the length of the chunk when there is none. */
  nextLf(from: number): number {
    const { bytes } = this;
    const { length } = bytes;
    let at = this.endOf(from, length);
    while (at < length && bytes[at] !== 10) at = this.endOf(at + 1, length);
    return at;
  }
}
