import { isUtf8 } from './bytes.ts';

/** Octet 0x80 as a private-use character; the others follow, up to U+EFFF for 0xFF. */
const base = 0xef00;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const windows1252 = new TextDecoder('windows-1252');
const encoder = new TextEncoder();

/**
 * Returns text that represents exactly these octets, for parsers and databases that need strings: decoded as UTF-8, or, when
 * they are not UTF-8, with U+EF80 to U+EFFF for the octets from 0x80 to 0xFF. `octetsOf` returns the octets.
 */
export function octetText(bytes: Uint8Array): string {
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) bits |= bytes[i] ?? 0;
  if (bits < 128) return utf8.decode(bytes);
  if (isUtf8(bytes)) {
    const text = utf8.decode(bytes);
    // Text that contains the characters for octets is represented as octets, too, so that both remain distinct.
    if (!mark.test(text)) return text;
  }
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte < 128 ? byte : base + byte);
  return text;
}

/** Returns the octets that an `octetText` represents; for other text its UTF-8. */
export function octetsOf(text: string): Uint8Array {
  if (!mark.test(text)) return encoder.encode(text);
  const pieces = text.split(marks).map((piece, i) => {
    return i % 2 === 0 ? encoder.encode(piece) : Uint8Array.from(piece, (char) => char.charCodeAt(0) - base);
  });
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Returns an `octetText` as readable text: octets that are not UTF-8 are decoded as windows-1252. */
export function readableText(text: string): string {
  if (!mark.test(text)) return text;
  const bytes = octetsOf(text);
  return isUtf8(bytes) ? utf8.decode(bytes) : windows1252.decode(bytes);
}

const mark = /[\uef80-\uefff]/;
const marks = /([\uef80-\uefff]+)/;
