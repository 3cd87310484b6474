import { tokens } from './tokens.ts';

const encoder = new TextEncoder();
const tokenPlaces: ReadonlyMap<string, number> = new Map(tokens.map((token, i) => [token, i]));
const maxTokenLength = Math.max(...tokens.map(({ length }) => length));

/**
 * Collects bytes of a description. Numbers have seven bits to a byte, the lowest first. A text begins with a number: 1 for null, 2n + 3 for the
 * token n, and 2n for n bytes of UTF-8 that follow.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #size = 0;

  /** @param capacityBytes  Size of the buffer to start with. */
  constructor(capacityBytes: number) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds a whole number from 0 to 2^53 - 1. @throws RangeError for another. */
  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`no number of a description: ${value}`);
    this.#room(8);
    let rest = value;
    for (; rest >= 0x80; rest = rest > 0x7fff_ffff ? Math.floor(rest / 0x80) : rest >> 7) {
      this.#bytes[this.#size++] = (rest & 0x7f) | 0x80;
    }
    this.#bytes[this.#size++] = rest;
    return this;
  }

  /** Adds a text or null. Half of a surrogate pair, which no octet text has, becomes U+FFFD. */
  text(text: string | null): this {
    if (text === null) return this.number(1);
    const { length } = text;
    const place = length > maxTokenLength ? undefined : tokenPlaces.get(text);
    if (place !== undefined) return this.number(2 * place + 3);
    this.#room(length + 8);
    const bytes = this.#bytes;
    const start = this.#size;
    this.number(2 * length);
    let at = this.#size;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#size = start;
        return this.#encoded(encoder.encode(text));
      }
      bytes[at++] = code;
    }
    this.#size = at;
    return this;
  }

  /** Adds bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
    return this;
  }

  /** Goes back to where `size` was this. */
  cut(size: number): void {
    this.#size = size;
  }

  /** The bytes written so far, as a view that is good until the next change. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  #encoded(bytes: Uint8Array): this {
    return this.number(2 * bytes.length).raw(bytes);
  }

  #room(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#size + more));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}
