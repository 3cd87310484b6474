import { type Parsed, parsed, refused } from '#lib/parsed';
import { hexUpper, hexValues, notHex } from './hex.ts';
import { asciiText } from './transform.ts';

const plus = 0x2b;
const equals = 0x3d;

/** Encodes the value of an ESMTP parameter as xtext (RFC 3461 §4): UTF-8, with `+HH` for all except printable ASCII without `+` and `=`. */
export function encodeXtext(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint8Array(bytes.length * 3);
  let length = 0;
  for (const byte of bytes) {
    if (isXchar(byte)) {
      out[length++] = byte;
      continue;
    }
    out[length++] = plus;
    out[length++] = hexUpper[byte >> 4] ?? 0;
    out[length++] = hexUpper[byte & 15] ?? 0;
  }
  return asciiText(out.subarray(0, length));
}

/** Parses xtext whose bytes are UTF-8. Refuses other characters. RFC 3461 §4 has upper-case digits only; lower-case ones are accepted. */
export function parseXtext(text: string): Parsed<string> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (isXchar(c)) {
      bytes[length++] = c;
    } else if (c === plus) {
      const high = digit(text, i + 1);
      const low = digit(text, i + 2);
      if (high === notHex || low === notHex) return refused(i, 'two hexadecimal digits must follow + in xtext');
      bytes[length++] = (high << 4) | low;
      i += 2;
    } else {
      return refused(i, 'character not allowed in xtext');
    }
  }
  try {
    return parsed(strictUtf8.decode(bytes.subarray(0, length)));
  } catch {
    return refused(0, 'xtext is not UTF-8');
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isXchar(c: number): boolean {
  return c > 0x20 && c < 0x7f && c !== plus && c !== equals;
}

function digit(text: string, offset: number): number {
  const c = offset < text.length ? text.charCodeAt(offset) : plus;
  return c > 0x7f ? notHex : (hexValues[c] ?? notHex);
}
