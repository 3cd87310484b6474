import { type Parsed, parsed, refused } from '#lib/parsed';
import { withoutSpace } from './tag-list.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Parses dkim-quoted-printable (RFC 6376 §2.11); white space in it MUST be ignored. Refuses `=` without two digits. Octets over 127 are read as UTF-8. */
export function parseDkimQuotedPrintable(value: string): Parsed<string> {
  const text = withoutSpace(value);
  const bad = text.search(/=(?![0-9A-F]{2})/);
  if (bad >= 0) return refused(bad, '= without two hexadecimal digits');
  if (!text.includes('=')) return parsed(text);
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '=') {
      bytes.push(Number.parseInt(text.slice(i + 1, i + 3), 16));
      i += 2;
    } else for (const byte of encoder.encode(text.slice(i, i + 1))) bytes.push(byte);
  }
  return parsed(decoder.decode(Uint8Array.from(bytes)));
}

/** Writes dkim-quoted-printable, all ASCII, without white space. */
export function writeDkimQuotedPrintable(text: string): string {
  let out = '';
  for (const byte of encoder.encode(text)) {
    // RFC 6376 §2.11: dkim-safe-char is visible ASCII except the semicolon and the equals sign.
    const isSafe = byte > 0x20 && byte < 0x7f && byte !== 0x3b && byte !== 0x3d;
    out += isSafe ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
