import { DescriptionDamaged } from './damaged.ts';
import { tokens } from './tokens.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Texts up to this length are put together by character, which is faster than a call. */
const shortBytes = 24;

/** Reads what `ByteWriter` wrote. Every method throws `DescriptionDamaged` where the bytes end or mean nothing. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Position of the next byte. */
  get at(): number {
    return this.#at;
  }

  /** Bytes that are left: a bound of every count, since each entry takes one at least. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new DescriptionDamaged('a description ends in a number');
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new DescriptionDamaged('a number of a description is too large');
      if (byte < 0x80) return value;
    }
  }

  /** A number of entries, each of which takes a byte or more. */
  count(): number {
    const count = this.number();
    if (count > this.left) throw new DescriptionDamaged('a list of a description has no end');
    return count;
  }

  nullableText(): string | null {
    const head = this.number();
    if (head === 1) return null;
    if (head % 2 === 1) {
      const token = tokens[(head - 3) / 2];
      if (token === undefined) throw new DescriptionDamaged('an unknown token in a description');
      return token;
    }
    const start = this.#at;
    const bytes = this.raw(head / 2);
    if (bytes.length > shortBytes) return this.#decoded(bytes);
    let text = '';
    for (let at = start; at < this.#at; at++) {
      const byte = this.#bytes[at] ?? 0;
      if (byte > 0x7f) return this.#decoded(bytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  text(): string {
    const text = this.nullableText();
    if (text === null) throw new DescriptionDamaged('a text is missing in a description');
    return text;
  }

  /** The next bytes, as a view. */
  raw(length: number): Uint8Array {
    if (length > this.left) throw new DescriptionDamaged('a description ends in a text');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #decoded(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new DescriptionDamaged('a text of a description is no UTF-8', { cause });
    }
  }
}
