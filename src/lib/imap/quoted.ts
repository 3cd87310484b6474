import { octetsOf } from '#lib/charset';

/** Forms in which text outside ASCII may be sent on a connection. */
export interface TextOptions {
  /** UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings may hold UTF-8 (RFC 6855 §3, RFC 9051 §4.3). */
  readonly utf8: boolean;
}

/**
 * Formats a `string` of the grammar (RFC 9051 §9), to be sent as UTF-8: quoted if possible, else a literal with its header.
 * Leaves out NUL, which no string may contain (RFC 9051 §9, CHAR8).
 */
export function quotedText(text: string, options: TextOptions): string {
  // Fast path: most text is short and plain.
  if (text.length < 1000 && isPlain.test(text)) return `"${text}"`;
  const clean = text.replaceAll('\0', '');
  const canQuote = clean.length <= maxQuotedLength && !lineBreak.test(clean) && (options.utf8 || isAscii.test(clean));
  if (canQuote) return `"${clean.replaceAll(/["\\]/g, '\\$&')}"`;
  return `{${utf8Length(clean)}}\r\n${clean}`;
}

/** Formats an `octetText` like `quotedText`, without UTF-8 in quoted strings: the literal holds the octets that the text represents. */
export function quotedOctets(text: string): string {
  if (text.length < 1000 && isPlain.test(text)) return `"${text}"`;
  if (isAscii.test(text)) return quotedText(text, { utf8: false });
  const clean = text.replaceAll('\0', '');
  return `{${octetsOf(clean).length}}\r\n${clean}`;
}

/** Very long quoted strings break clients; RFC 2683 §3.2.1.5 suggests lines of about 1000 octets. */
const maxQuotedLength = 1000;
const isPlain = /^[ !#-[\]-~]*$/;
const isAscii = /^[\0-\x7f]*$/;
const lineBreak = /[\r\n]/;

/** Counts the octets of the text as UTF-8; a lone surrogate is encoded as U+FFFD. */
function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
