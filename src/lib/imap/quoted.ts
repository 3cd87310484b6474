import { octetsOf } from '#lib/charset';

/** Forms in which text outside ASCII may be sent on a connection. */
export interface TextOptions {
  /** UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings may hold UTF-8 (RFC 6855 §3, RFC 9051 §4.3). */
  readonly utf8: boolean;
}

/**
 * A `string` of the grammar, to be sent as UTF-8: quoted if the text can be, else a literal with its header.
 * NUL is left out, since no string may hold it.
 */
export function quotedText(text: string, options: TextOptions): string {
  // Nearly everything that is sent is short and plain; one look decides.
  if (text.length < 1000 && isPlain.test(text)) return `"${text}"`;
  const clean = text.replaceAll('\0', '');
  const canQuote = clean.length <= maxQuotedLength && !lineBreak.test(clean) && (options.utf8 || isAscii.test(clean));
  if (canQuote) return `"${clean.replaceAll(/["\\]/g, '\\$&')}"`;
  return `{${utf8Length(clean)}}\r\n${clean}`;
}

/** As `quotedText` without UTF-8 in quoted strings, for an `octetText`: the octets that it stands for are those of the literal. */
export function quotedOctets(text: string): string {
  if (text.length < 1000 && isPlain.test(text)) return `"${text}"`;
  if (isAscii.test(text)) return quotedText(text, { utf8: false });
  const clean = text.replaceAll('\0', '');
  return `{${octetsOf(clean).length}}\r\n${clean}`;
}

/** Very long quoted strings break readers; RFC 2683 §3.2.1.5 has lines of about 1000 octets in mind. */
const maxQuotedLength = 1000;
const isPlain = /^[ !#-[\]-~]*$/;
const isAscii = /^[\0-\x7f]*$/;
const lineBreak = /[\r\n]/;

/** Octets of the text as UTF-8; a lone surrogate counts as what it is encoded to, U+FFFD. */
function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
