import { decodeBase64 } from '#lib/codecs';

const plus = 0x2b;
const minus = 0x2d;
const latin1 = new TextDecoder('latin1');
const utf16 = new TextDecoder('utf-16be', { ignoreBOM: true });

const isBase64 = new Uint8Array(256);
for (const c of new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')) {
  isBase64[c] = 1;
}

/** Decodes UTF-7 (RFC 2152): direct ASCII, and UTF-16 in base64 between `+` and the first other character, of which `-` is absorbed. */
export function decodeUtf7(bytes: Uint8Array): string {
  const pieces: string[] = [];
  let i = 0;
  while (i < bytes.length) {
    const shift = bytes.indexOf(plus, i);
    const end = shift < 0 ? bytes.length : shift;
    pieces.push(latin1.decode(bytes.subarray(i, end)));
    if (shift < 0) break;
    let close = shift + 1;
    while (isBase64[bytes[close] ?? 0] === 1) close++;
    const units = decodeBase64(bytes.subarray(shift + 1, close));
    const isEmpty = close === shift + 1;
    // RFC 2152: "+-" is a plus. Anything else without base64 is an error, shown as it stands.
    pieces.push(isEmpty ? '+' : utf16.decode(units.subarray(0, units.length & ~1)));
    i = bytes[close] === minus ? close + 1 : close;
  }
  return pieces.join('');
}
