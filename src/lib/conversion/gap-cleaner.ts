import type { Encoder } from '#lib/codecs';
import { conversionLimits } from './limits.ts';

const LF = 10;
const CR = 13;
const questionMark = 0x3f;

/**
 * Cleans text between parts, which implementations must ignore (RFC 2046 §5.1.1): `?` for octets over 127 and NUL, CRLF for a bare CR or LF,
 * and CRLF within lines that are too long.
 */
export class GapCleaner implements Encoder {
  #column = 0;
  #isAfterCr = false;

  push(chunk: Uint8Array): Uint8Array {
    // At worst each octet is a bare line end.
    const out = new Uint8Array(chunk.length * 2 + 2);
    let length = 0;
    for (const byte of chunk) {
      if (this.#isAfterCr || byte === LF) {
        out[length++] = CR;
        out[length++] = LF;
        this.#column = 0;
        this.#isAfterCr = false;
        if (byte === LF) continue;
      }
      if (byte === CR) {
        this.#isAfterCr = true;
        continue;
      }
      if (this.#column === conversionLimits.maxLineBytes) {
        out[length++] = CR;
        out[length++] = LF;
        this.#column = 0;
      }
      out[length++] = byte > 127 || byte === 0 ? questionMark : byte;
      this.#column++;
    }
    return out.subarray(0, length);
  }

  finish(): Uint8Array {
    const rest = this.#isAfterCr ? Uint8Array.of(CR, LF) : new Uint8Array(0);
    this.#isAfterCr = false;
    return rest;
  }
}
