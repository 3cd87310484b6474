import { type Parsed, parsed, refused } from '#lib/parsed';
import { base64Values, notBase64 } from './base64-alphabet.ts';
import { decodeBase64 } from './base64-decoder.ts';

/** Parses base64 with padding (RFC 4648 §4), as SASL profiles use it. Refuses line feeds (RFC 4648 §3.1) and other characters (RFC 4648 §3.3). */
export function parseBase64(text: string): Parsed<Uint8Array> {
  if (text.length % 4 !== 0) return refused(text.length, 'base64 must come in groups of four characters');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return parseUnpadded(text.slice(0, text.length - padding));
}

/** Parses base64url without padding (RFC 4648 §5). Refuses other characters and incomplete bytes. */
export function parseBase64url(text: string): Parsed<Uint8Array> {
  const bad = text.search(/[^A-Za-z0-9_-]/);
  if (bad >= 0) return refused(bad, notInAlphabet);
  return parseUnpadded(text.replaceAll('-', '+').replaceAll('_', '/'));
}

const notInAlphabet = 'character not allowed in base64';

function parseUnpadded(text: string): Parsed<Uint8Array> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x7f || base64Values[c] === notBase64) return refused(i, notInAlphabet);
    bytes[i] = c;
  }
  const partial = text.length % 4;
  if (partial === 1) return refused(text.length, 'base64 ends within a byte');
  // RFC 4648 §3.5: pad bits MUST be zero, and a decoder MAY reject others, so that each value has one form.
  const last = base64Values[bytes.at(-1) ?? 0] ?? 0;
  if ((partial === 2 && (last & 15) !== 0) || (partial === 3 && (last & 3) !== 0)) {
    return refused(text.length - 1, 'base64 has stray bits at its end');
  }
  return parsed(decodeBase64(bytes));
}
