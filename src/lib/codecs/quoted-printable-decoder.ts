import { hexValues, notHex } from './hex.ts';
import { type Decoder, join, nothing, runWhole } from './transform.ts';

const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const equals = 0x3d;

// Longest run of white space that is held back until it is known whether a line ends there; RFC 5322 §2.1.1 limits lines to 998.
const maxHeldBytes = 1000;

/** Kinds of a run of spaces and tabs, perhaps after `=`. */
const Blanks = { Inner: 0, LineEnd: 1, Unknown: 2 } as const;

/**
 * Decodes quoted-printable as it occurs in mail. RFC 2045 §6.7: white space at the end of a line must be deleted and may follow the `=` of a
 * soft line break; robust implementations accept lower-case digits and keep an `=` without a meaning. Bare LF ends lines, too.
 */
export class QuotedPrintableDecoder implements Decoder {
  #held: Uint8Array = nothing;

  push(chunk: Uint8Array): Uint8Array {
    return this.#decode(join(this.#held, chunk), false);
  }

  finish(): Uint8Array {
    return this.#decode(this.#held, true);
  }

  #decode(bytes: Uint8Array, isLast: boolean): Uint8Array {
    const out = new Uint8Array(bytes.length);
    let length = 0;
    let i = 0;
    while (i < bytes.length) {
      const byte = bytes[i] ?? 0;
      if (byte === equals) {
        const high = digit(bytes, i + 1);
        const low = digit(bytes, i + 2);
        if (high !== notHex && low !== notHex) {
          out[length++] = (high << 4) | low;
          i += 3;
          continue;
        }
        if (high !== notHex && i + 2 === bytes.length && !isLast) break;
      } else if ((byte !== space && byte !== tab) || isVisible(bytes[i + 1])) {
        out[length++] = byte;
        i++;
        continue;
      }
      const end = skipBlanks(bytes, i + 1);
      const blanks = classify(bytes, end, isLast);
      if (blanks === Blanks.Unknown && bytes.length - i <= maxHeldBytes) break;
      if (blanks === Blanks.LineEnd) {
        i = byte === equals ? skipLineBreak(bytes, end) : end;
      } else {
        // An `=` alone is copied: blanks after it may still end a line.
        const copied = byte === equals ? i + 1 : end;
        while (i < copied) out[length++] = bytes[i++] ?? 0;
      }
    }
    this.#held = i < bytes.length ? bytes.slice(i) : nothing;
    return out.subarray(0, length);
  }
}

/** Reports whether white space before this byte is a single space between words, the common case. */
function isVisible(next: number | undefined): boolean {
  return next !== undefined && next > space;
}

function digit(bytes: Uint8Array, offset: number): number {
  return hexValues[bytes[offset] ?? equals] ?? notHex;
}

function skipBlanks(bytes: Uint8Array, start: number): number {
  let i = start;
  while (bytes[i] === space || bytes[i] === tab) i++;
  return i;
}

/** Reports whether a line ends at `at`, after white space. The end of the input ends a line. */
function classify(bytes: Uint8Array, at: number, isLast: boolean): (typeof Blanks)[keyof typeof Blanks] {
  const byte = bytes[at];
  if (byte === lf) return Blanks.LineEnd;
  if (byte === cr && at + 1 < bytes.length) return bytes[at + 1] === lf ? Blanks.LineEnd : Blanks.Inner;
  if (byte === cr || byte === undefined) return isLast ? Blanks.LineEnd : Blanks.Unknown;
  return Blanks.Inner;
}

function skipLineBreak(bytes: Uint8Array, start: number): number {
  const i = bytes[start] === cr ? start + 1 : start;
  return bytes[i] === lf ? i + 1 : i;
}

/** Decodes all of `bytes` as `QuotedPrintableDecoder` does. */
export function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  return runWhole(new QuotedPrintableDecoder(), bytes);
}
