import { hexUpper } from './hex.ts';
import { type Encoder, join, nothing, runWhole } from './transform.ts';

/** Mode of encoding. `text`: CRLF is a line break (RFC 2045 §6.7 (4)). `binary`: CR and LF are data and are encoded. A bare CR or LF is always encoded. */
export type QuotedPrintableMode = 'text' | 'binary';

const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const dot = 0x2e;
const equals = 0x3d;
const fromLine = new TextEncoder().encode('From ');

// RFC 2045 §6.7 (2): printable ASCII except `=` may represent itself.
const literal = new Uint8Array(256).fill(1, space + 1, 0x7f);
literal[equals] = 0;

// RFC 2045 §6.7 (5): lines of at most 76 characters, the `=` of a soft line break included.
const maxColumn = 75;
// Lookahead needed to encode a byte: `From ` at the start of a line is the longest.
const lookaheadBytes = fromLine.length - 1;

/**
 * Encodes quoted-printable with lines of at most 76 columns (RFC 2045 §6.7). White space before a line break MUST be encoded (RFC 2045 §6.7 (3));
 * so are a dot and the F of `From ` at the start of a line, which some transports change (RFC 2049 §3). Adds no line break at the end.
 */
export class QuotedPrintableEncoder implements Encoder {
  readonly #isText: boolean;
  #held: Uint8Array = nothing;
  #column = 0;

  constructor(mode: QuotedPrintableMode) {
    this.#isText = mode === 'text';
  }

  push(chunk: Uint8Array): Uint8Array {
    return this.#encode(join(this.#held, chunk), lookaheadBytes);
  }

  finish(): Uint8Array {
    return this.#encode(this.#held, 0);
  }

  /** Encodes all but the last `holdBytes`, which are kept for the next call. */
  #encode(bytes: Uint8Array, holdBytes: number): Uint8Array {
    const to = bytes.length - holdBytes;
    // At worst all bytes become three columns, and 25 of those fit a line.
    const out = new Uint8Array(Math.max(0, to) * 3 + Math.ceil(Math.max(0, to) / 24) * 3 + 3);
    let length = 0;
    let column = this.#column;
    let i = 0;
    while (i < to) {
      const byte = bytes[i] ?? 0;
      if (literal[byte] === 1 && column > 0 && column < maxColumn) {
        out[length++] = byte;
        column++;
        i++;
        continue;
      }
      if (this.#isText && byte === cr && bytes[i + 1] === lf) {
        out[length++] = cr;
        out[length++] = lf;
        column = 0;
        i += 2;
        continue;
      }
      let isEncoded = literal[byte] === 0 || (column === 0 && isSpecialAtStart(bytes, i));
      if (byte === space || byte === tab) isEncoded = this.#endsLine(bytes, i + 1);
      if (column + (isEncoded ? 3 : 1) > maxColumn) {
        out[length++] = equals;
        out[length++] = cr;
        out[length++] = lf;
        column = 0;
        isEncoded ||= isSpecialAtStart(bytes, i);
      }
      if (isEncoded) {
        out[length++] = equals;
        out[length++] = hexUpper[byte >> 4] ?? 0;
        out[length++] = hexUpper[byte & 15] ?? 0;
      } else {
        out[length++] = byte;
      }
      column += isEncoded ? 3 : 1;
      i++;
    }
    this.#column = column;
    this.#held = bytes.slice(i);
    return out.subarray(0, length);
  }

  /** Reports whether a line of the input, or all of it, ends at `at`. */
  #endsLine(bytes: Uint8Array, at: number): boolean {
    return at >= bytes.length || (this.#isText && bytes[at] === cr && bytes[at + 1] === lf);
  }
}

function isSpecialAtStart(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === dot || (bytes[at] === fromLine[0] && fromLine.every((c, k) => bytes[at + k] === c));
}

/** Encodes all of `bytes` as `QuotedPrintableEncoder` does. */
export function encodeQuotedPrintable(bytes: Uint8Array, mode: QuotedPrintableMode): Uint8Array {
  return runWhole(new QuotedPrintableEncoder(mode), bytes);
}
