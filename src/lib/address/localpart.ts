import { type Parsed, parsed, refused } from '#lib/parsed';
import { addressLimits } from './limits.ts';

/** Options of parsing a localpart. */
export interface LocalpartOptions {
  /** Non-ASCII is allowed (RFC 6531 §3.3). Default true; `needsSmtputf8` distinguishes the two cases. */
  readonly smtputf8?: boolean;
  /** Permits only single dots between atoms (RFC 5321 §4.1.2, Dot-string). Default false: some providers have addresses such as `a..b@example.org`. */
  readonly pedantic?: boolean;
}

/** Rules of one domain for the localparts of its own addresses. */
export interface LocalpartRules {
  /** Strings such as `+` that begin the part of a localpart that does not matter for delivery; empty strings are ignored. */
  readonly separators: readonly string[];
  /** Upper and lower case are different. */
  readonly caseSensitive: boolean;
}

const quote = 0x22;
const dot = 0x2e;
const backslash = 0x5c;

// RFC 5322 §3.2.3, as RFC 5321 §4.1.2 uses it.
const isAtext = new Uint8Array(128);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~") {
  isAtext[c.charCodeAt(0)] = 1;
}

/** End of a scanned localpart, and its decoded value. */
export interface ScannedLocalpart {
  readonly value: string;
  /** Offset after its last code unit. */
  readonly end: number;
}

/** Parses a whole text as a localpart, quoted or not, and decodes it. Refuses other text and text longer than a path. */
export function parseLocalpart(text: string, options: LocalpartOptions = {}): Parsed<string> {
  if (text.length > addressLimits.maxPathBytes) return refused(addressLimits.maxPathBytes, 'localpart too long');
  const scanned = scanLocalpart(text, 0, options);
  if (!scanned.ok) return scanned;
  if (scanned.value.end < text.length) return refused(scanned.value.end, 'character not allowed in a localpart');
  return parsed(scanned.value.value);
}

/** Parses the localpart that begins at `start`, up to the first character that cannot belong to it, such as `@`. */
export function scanLocalpart(text: string, start: number, options: LocalpartOptions): Parsed<ScannedLocalpart> {
  const scanned =
    text.charCodeAt(start) === quote ? scanQuotedString(text, start, options) : scanDotString(text, start, options);
  if (!scanned.ok) return scanned;
  const { value, end } = scanned.value;
  if (isAsciiText(value)) return scanned;
  if (!value.isWellFormed()) return refused(start, 'localpart is not Unicode text');
  // RFC 6532 §3.1: NFC SHOULD be used, so that equal-looking addresses are equal.
  return parsed({ value: value.normalize('NFC'), end });
}

/** Parses a Dot-string (RFC 5321 §4.1.2). */
function scanDotString(text: string, start: number, options: LocalpartOptions): Parsed<ScannedLocalpart> {
  const { smtputf8 = true, pedantic = false } = options;
  let end = start;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c > 0x7f) {
      if (!smtputf8) return refused(end, 'localpart needs SMTPUTF8');
    } else if (c === dot) {
      const follows = end > start && text.charCodeAt(end - 1) !== dot;
      if (pedantic && !follows) return refused(end, 'dot without an atom before it');
    } else if (isAtext[c] === 0) {
      break;
    }
  }
  if (end === start) return refused(start, 'localpart expected');
  if (pedantic && text.charCodeAt(end - 1) === dot) return refused(end - 1, 'localpart ends with a dot');
  return parsed({ value: text.slice(start, end), end });
}

/** Parses a Quoted-string (RFC 5321 §4.1.2): unlike in message headers, without folding and control characters. */
function scanQuotedString(text: string, start: number, options: LocalpartOptions): Parsed<ScannedLocalpart> {
  const { smtputf8 = true } = options;
  let value = '';
  let pieceStart = start + 1;
  for (let i = start + 1; i < text.length; i++) {
    let c = text.charCodeAt(i);
    if (c === quote) return parsed({ value: value + text.slice(pieceStart, i), end: i + 1 });
    if (c === backslash) {
      value += text.slice(pieceStart, i);
      pieceStart = ++i;
      c = text.charCodeAt(i);
      // RFC 6531 §3.3 extends qtextSMTP, not quoted-pairSMTP.
      if (c > 0x7e) return refused(i, 'character not allowed after a backslash');
    }
    if (c < 0x20 || c === 0x7f) return refused(i, 'control character in a quoted localpart');
    if (c > 0x7f && !smtputf8) return refused(i, 'localpart needs SMTPUTF8');
  }
  return refused(text.length, 'closing quote expected');
}

/** Reports whether `localpart` can be written without quotes: atoms with single dots between them. */
export function isDotString(localpart: string): boolean {
  let before = dot;
  for (let i = 0; i < localpart.length; i++) {
    const c = localpart.charCodeAt(i);
    if (c === dot ? before === dot : c <= 0x7f && isAtext[c] === 0) return false;
    before = c;
  }
  return before !== dot;
}

/** Reports whether `text` has no code unit over 127. */
export function isAsciiText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/**
 * The form of a localpart by which its domain finds the mailbox: cut before the first separator that has something before it,
 * and in lower case unless the domain says that case matters. Idempotent.
 */
export function canonicalLocalpart(localpart: string, rules: LocalpartRules): string {
  let end = localpart.length;
  for (const separator of rules.separators) {
    const found = separator === '' ? -1 : localpart.indexOf(separator, 1);
    if (found >= 0 && found < end) end = found;
  }
  const base = localpart.slice(0, end);
  if (rules.caseSensitive) return base;
  const lower = base.toLowerCase();
  return isAsciiText(lower) ? lower : lower.normalize('NFC');
}
