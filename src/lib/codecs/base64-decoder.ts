import { base64Values, equalsSign, notBase64 } from './base64-alphabet.ts';
import { type Decoder, runWhole } from './transform.ts';

/**
 * Decodes base64 as it occurs in mail. RFC 2045 §6.8: line breaks and bytes outside the alphabet must be ignored. Missing padding is added,
 * and data after padding is decoded as well, because some programs join several encoded pieces.
 */
export class Base64Decoder implements Decoder {
  /** Bits of the unfinished group, and how many characters it has: 0 to 3. */
  #bits = 0;
  #count = 0;

  push(chunk: Uint8Array): Uint8Array {
    const out = new Uint8Array(((chunk.length + 3) >> 2) * 3 + 3);
    let length = 0;
    let bits = this.#bits;
    let count = this.#count;
    for (let i = 0; i < chunk.length; i++) {
      if (count === 0) {
        // The common case, four characters of the alphabet in a row; `notBase64` in any of them shows in the union.
        const a = valueAt(chunk, i);
        const b = valueAt(chunk, i + 1);
        const c = valueAt(chunk, i + 2);
        const d = valueAt(chunk, i + 3);
        if ((a | b | c | d) < 0x40) {
          out[length++] = (a << 2) | (b >> 4);
          out[length++] = (b << 4) | (c >> 2);
          out[length++] = (c << 6) | d;
          i += 3;
          continue;
        }
      }
      const byte = chunk[i] ?? 0;
      const value = valueAt(chunk, i);
      if (value !== notBase64) {
        bits = (bits << 6) | value;
        if (++count < 4) continue;
        out[length++] = bits >> 16;
        out[length++] = bits >> 8;
        out[length++] = bits;
      } else if (byte === equalsSign) {
        length = putPartial(out, length, bits, count);
      } else {
        continue;
      }
      bits = 0;
      count = 0;
    }
    this.#bits = bits;
    this.#count = count;
    return out.subarray(0, length);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(2);
    return out.subarray(0, putPartial(out, 0, this.#bits, this.#count));
  }
}

/** Six-bit value of the byte at `offset`; `notBase64` past the end. */
function valueAt(chunk: Uint8Array, offset: number): number {
  return base64Values[chunk[offset] ?? equalsSign] ?? notBase64;
}

/** Writes the whole bytes of an unfinished group of `count` characters; a single character has none. */
function putPartial(out: Uint8Array, start: number, bits: number, count: number): number {
  let length = start;
  if (count === 2) out[length++] = bits >> 4;
  if (count === 3) {
    out[length++] = bits >> 10;
    out[length++] = bits >> 2;
  }
  return length;
}

/** Decodes all of `bytes` as `Base64Decoder` does. */
export function decodeBase64(bytes: Uint8Array): Uint8Array {
  return runWhole(new Base64Decoder(), bytes);
}
