import { base64Codes, equalsSign } from './base64-alphabet.ts';
import { asciiText, type Encoder, nothing } from './transform.ts';

// RFC 2045 §6.8: lines of at most 76 characters, here all but the last exactly so.
const bytesPerLine = 57;
const charactersPerLine = 76;

/** Encodes a message body in lines of 76 columns, each ended by CRLF, including the last; empty for an empty body. */
export class Base64Encoder implements Encoder {
  readonly #line = new Uint8Array(bytesPerLine);
  #lineLength = 0;

  push(chunk: Uint8Array): Uint8Array {
    const lines = Math.floor((this.#lineLength + chunk.length) / bytesPerLine);
    const out = new Uint8Array(lines * (charactersPerLine + 2));
    let length = 0;
    let from = 0;
    if (this.#lineLength > 0 && lines > 0) {
      from = bytesPerLine - this.#lineLength;
      this.#line.set(chunk.subarray(0, from), this.#lineLength);
      this.#lineLength = 0;
      length = putLine(this.#line, 0, bytesPerLine, out, length);
    }
    while (length < out.length) {
      length = putLine(chunk, from, from + bytesPerLine, out, length);
      from += bytesPerLine;
    }
    this.#line.set(chunk.subarray(from), this.#lineLength);
    this.#lineLength += chunk.length - from;
    return out;
  }

  finish(): Uint8Array {
    if (this.#lineLength === 0) return nothing;
    const out = new Uint8Array(encodedLength(this.#lineLength) + 2);
    putLine(this.#line, 0, this.#lineLength, out, 0);
    return out;
  }
}

/** Encodes without line breaks, with padding (RFC 4648 §4). */
function encodeBase64(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(encodedLength(bytes.length));
  putGroups(bytes, 0, bytes.length, out, 0);
  return out;
}

/** Returns base64 without line breaks as a string, for SASL (RFC 4954 §4) and headers (RFC 2047 §4.1). */
export function encodeBase64Text(bytes: Uint8Array): string {
  return asciiText(encodeBase64(bytes));
}

/** Encodes with the URL-safe alphabet and without padding (RFC 4648 §5). */
export function encodeBase64url(bytes: Uint8Array): string {
  return encodeBase64Text(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function encodedLength(byteCount: number): number {
  return Math.ceil(byteCount / 3) * 4;
}

function putLine(bytes: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  const end = putGroups(bytes, from, to, out, start);
  out[end] = 0x0d;
  out[end + 1] = 0x0a;
  return end + 2;
}

/** Encodes `bytes` from `from` to `to` into `out` at `start`; returns the offset after what was written. */
function putGroups(bytes: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  let length = start;
  for (let i = from; i < to; i += 3) {
    const left = to - i;
    const bits =
      ((bytes[i] ?? 0) << 16) | (left > 1 ? (bytes[i + 1] ?? 0) << 8 : 0) | (left > 2 ? (bytes[i + 2] ?? 0) : 0);
    out[length++] = base64Codes[bits >> 18] ?? 0;
    out[length++] = base64Codes[(bits >> 12) & 63] ?? 0;
    out[length++] = left > 1 ? (base64Codes[(bits >> 6) & 63] ?? 0) : equalsSign;
    out[length++] = left > 2 ? (base64Codes[bits & 63] ?? 0) : equalsSign;
  }
  return length;
}
