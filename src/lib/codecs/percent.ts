import { hexUpper, hexValues, notHex } from './hex.ts';
import { asciiText } from './transform.ts';

const percent = 0x25;

// attribute-char of RFC 2231 §7: printable ASCII less space, "*", "'", "%" and the tspecials of RFC 2045 §5.1.
const isAttributeChar = new Uint8Array(256);
for (let c = 0x21; c < 0x7f; c++) isAttributeChar[c] = '*\'%()<>@,;:\\"/[]?='.includes(String.fromCharCode(c)) ? 0 : 1;

/** Encodes the value of an extended parameter: every byte that is not an attribute-char (RFC 2231 §7) becomes `%HH`. */
export function encodePercent(bytes: Uint8Array): string {
  const out = new Uint8Array(bytes.length * 3);
  let length = 0;
  for (const byte of bytes) {
    if (isAttributeChar[byte] === 1) {
      out[length++] = byte;
      continue;
    }
    out[length++] = percent;
    out[length++] = hexUpper[byte >> 4] ?? 0;
    out[length++] = hexUpper[byte & 15] ?? 0;
  }
  return asciiText(out.subarray(0, length));
}

/** Replaces each `%HH` by its byte (RFC 3986 §2.1); a `%` without two digits is kept. */
export function decodePercent(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === percent) {
      const high = hexValues[bytes[i + 1] ?? percent] ?? notHex;
      const low = hexValues[bytes[i + 2] ?? percent] ?? notHex;
      if (high !== notHex && low !== notHex) {
        out[length++] = (high << 4) | low;
        i += 2;
        continue;
      }
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
