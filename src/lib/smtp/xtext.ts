/** Decodes xtext (RFC 3461 §4): `+` and two upper-case hexadecimal digits stand for an octet. Null when malformed. */
export function decodeXtext(text: string): string | null {
  if (!/^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/.test(text)) return null;
  if (!text.includes('+')) return text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '+') {
      bytes.push(Number.parseInt(text.slice(i + 1, i + 3), 16));
      i += 2;
    } else {
      bytes.push(text.charCodeAt(i));
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** Encodes text as xtext (RFC 3461 §4), octets of UTF-8 outside of printable ASCII, `+` and `=` escaped. */
export function encodeXtext(text: string): string {
  let out = '';
  for (const b of new TextEncoder().encode(text)) {
    out += b > 32 && b < 127 && b !== 43 && b !== 61 ? String.fromCharCode(b) : `+${hex(b)}`;
  }
  return out;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
