import { type Parsed, parsed, refused } from '#lib/parsed';
import { parseBase64 } from './base64-strict.ts';
import { encodeBase64Text } from './base64-encoder.ts';

const notPrintable = /[^ -~]+/g;

/** Writes a mailbox name for IMAP4rev1 (RFC 3501 §5.1.3). Lone surrogates become U+FFFD. */
export function encodeModifiedUtf7(name: string): string {
  return name
    .toWellFormed()
    .replaceAll('&', '&-')
    .replace(notPrintable, (run) => `&${encodeUtf16(run)}-`);
}

/**
 * Parses a mailbox name in modified UTF-7. RFC 3501 §5.1.3: printable ASCII MUST represent itself, so each name has exactly one form, that of
 * `encodeModifiedUtf7`. Other forms are refused, because some clients would take two spellings for two mailboxes.
 */
export function parseModifiedUtf7(text: string): Parsed<string> {
  let name = '';
  let afterShift = false;
  for (let i = 0; i < text.length;) {
    const ampersand = text.indexOf('&', i);
    const end = ampersand < 0 ? text.length : ampersand;
    const piece = text.slice(i, end);
    const bad = piece.search(notPrintable);
    if (bad >= 0) return refused(i + bad, 'mailbox name must be printable ASCII or modified UTF-7');
    name += piece;
    if (end === text.length) break;
    const close = text.indexOf('-', end);
    if (close < 0) return refused(text.length, '- expected after & in a mailbox name');
    const run = parseShift(text.slice(end + 1, close));
    if (run === null || (run !== '&' && afterShift && end === i)) return refused(end, 'bad modified UTF-7');
    name += run;
    afterShift = run !== '&';
    i = close + 1;
  }
  return parsed(name);
}

/** Decodes the text between `&` and `-`; null when it is not the canonical form. */
function parseShift(encoded: string): string | null {
  if (encoded === '') return '&';
  if (/[/=]/.test(encoded)) return null;
  const base64 = encoded.replaceAll(',', '/');
  const bytes = parseBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='));
  if (!bytes.ok || bytes.value.length % 2 !== 0) return null;
  let run = '';
  for (let i = 0; i < bytes.value.length; i += 2) {
    run += String.fromCharCode(((bytes.value[i] ?? 0) << 8) | (bytes.value[i + 1] ?? 0));
  }
  return run.isWellFormed() && !/[ -~]/.test(run) ? run : null;
}

/** Encodes UTF-16 in big-endian order in modified base64: `,` in place of `/`, no padding (RFC 3501 §5.1.3). */
function encodeUtf16(run: string): string {
  const bytes = new Uint8Array(run.length * 2);
  for (let i = 0; i < run.length; i++) {
    const unit = run.charCodeAt(i);
    bytes[2 * i] = unit >> 8;
    bytes[2 * i + 1] = unit & 0xff;
  }
  return encodeBase64Text(bytes).replaceAll('/', ',').replace(/=+$/, '');
}
