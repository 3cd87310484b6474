import { type Parsed, parsed, refused } from '#lib/parsed';
import { toASCII, toUnicode } from 'tr46';

/** A domain name in both of its forms. Two domains are the same exactly when their `ascii` is. */
export interface Domain {
  /** Lower case, every label in LDH or A-label form, no trailing dot: the form for DNS and SMTP without SMTPUTF8. */
  readonly ascii: string;
  /** The same name with its A-labels as Unicode (NFC): the form for people and SMTPUTF8. */
  readonly unicode: string;
}

/** Names beyond host names that `parseDomain` accepts. */
export interface DomainOptions {
  /** Permits `_` in labels, as in names of TXT and SRV records (RFC 8552 §1.1). Default false. */
  readonly allowUnderscore?: boolean;
  /** Permits labels that begin and end with `-`: not host names (RFC 1123 §2.1), but DNS has some. Default false. */
  readonly allowOuterHyphens?: boolean;
  /** Accepts and drops one trailing dot: the absolute form of RFC 1034 §3.1. Default false. */
  readonly allowTrailingDot?: boolean;
}

// RFC 1035 §2.3.4: labels of 63 octets, names of 255 with length octets and root.
const maxLabelLength = 63;
const maxNameLength = 253;
// Each A-label encodes at most 59 code points; longer text is refused before the IDNA tables are used.
const maxInputLength = 1024;

const strictIdna = { checkBidi: true, checkJoiners: true } as const;

/**
 * Parses a domain name, in ASCII or Unicode, any case. Accepts host names (RFC 1123 §2.1: letters, digits, inner hyphens; labels of
 * 1 to 63, 253 in all) and internationalised ones (UTS #46 non-transitional, whose A-labels must be valid).
 * Refuses anything else. A single label is a domain, and so are names of digits only: the caller decides whether such a name is acceptable.
 */
export function parseDomain(text: string, options: DomainOptions = {}): Parsed<Domain> {
  if (text.length > maxInputLength) return refused(maxInputLength, 'domain name too long');
  const name = options.allowTrailingDot === true && text.endsWith('.') ? text.slice(0, -1) : text;
  if (isPlainAscii(name)) {
    const ascii = name.toLowerCase();
    return refuseLabels(ascii, options) ?? parsed({ ascii, unicode: ascii });
  }
  const ascii = toASCII(name, strictIdna);
  if (ascii === null) return refused(0, 'domain name breaks the rules of IDNA');
  const refusal = refuseLabels(ascii, options);
  // Offsets in A-labels would mislead: what was written may be Unicode.
  if (refusal !== null) return refused(0, refusal.reason);
  return parsed({ ascii, unicode: toUnicode(ascii, strictIdna).domain });
}

/** Reports whether two domains are the same name. */
export function domainEquals(a: Domain, b: Domain): boolean {
  return a.ascii === b.ascii;
}

/** Reports whether a name is ASCII without A-labels, which needs no IDNA. */
function isPlainAscii(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c > 0x7f) return false;
    if (c === 0x2d && isAceHyphen(name, i)) return false;
  }
  return true;
}

/** Reports whether the hyphen at `at` is the first of an A-label's `xn--` (RFC 5890 §2.3.2.1). */
function isAceHyphen(name: string, at: number): boolean {
  return (name.charCodeAt(at - 1) | 0x20) === 0x6e && (name.charCodeAt(at - 2) | 0x20) === 0x78;
}

/** Refuses `ascii` when a label or the whole violates RFC 1123 §2.1. Returns null when it does not. */
function refuseLabels(ascii: string, options: DomainOptions): ReturnType<typeof refused> | null {
  if (ascii.length > maxNameLength) return refused(maxNameLength, 'domain name longer than 253 octets');
  const mayHyphen = options.allowOuterHyphens === true;
  let start = 0;
  for (let i = 0; i <= ascii.length; i++) {
    const c = i === ascii.length ? dot : ascii.charCodeAt(i);
    if (c === dot) {
      if (i === start) return refused(i, ascii.length === 0 ? 'empty domain name' : 'empty label in domain name');
      if (i - start > maxLabelLength) return refused(start + maxLabelLength, 'label longer than 63 octets');
      if (!mayHyphen && ascii.charCodeAt(start) === hyphen) return refused(start, 'label begins with a hyphen');
      if (!mayHyphen && ascii.charCodeAt(i - 1) === hyphen) return refused(i - 1, 'label ends with a hyphen');
      start = i + 1;
    } else if (!isLetterDigitHyphen(c) && !(c === underscore && options.allowUnderscore === true)) {
      return refused(i, 'character not allowed in a domain name');
    }
  }
  return null;
}

const hyphen = 0x2d;
const dot = 0x2e;
const underscore = 0x5f;

/** Reports whether a character is a lower-case letter, digit or hyphen; names are folded before. */
function isLetterDigitHyphen(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === hyphen;
}
