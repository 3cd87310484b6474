import { type Parsed, parsed, refused } from '#lib/parsed';

/** Value that `hexValues` holds for bytes that are not hexadecimal digits. */
export const notHex = 0xff;

/** Value of each byte as a hexadecimal digit in either case. */
export const hexValues = new Uint8Array(256).fill(notHex);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Codes of the upper-case digits. */
export const hexUpper = new TextEncoder().encode('0123456789ABCDEF');
const lowerPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Encodes each byte as two lower-case digits. */
export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += lowerPairs[bytes[i] ?? 0] ?? '';
  return text;
}

/** Parses hexadecimal digits in either case, two per byte (RFC 4648 §8). Refuses other characters and an odd number of digits. */
export function parseHex(text: string): Parsed<Uint8Array> {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const value = c > 0x7f ? notHex : (hexValues[c] ?? notHex);
    if (value === notHex) return refused(i, 'hexadecimal digit expected');
    bytes[i >> 1] = ((bytes[i >> 1] ?? 0) << 4) | value;
  }
  return text.length % 2 === 0 ? parsed(bytes) : refused(text.length, 'hexadecimal digit expected');
}
