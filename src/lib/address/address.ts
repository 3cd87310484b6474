import { type Domain, parseDomain } from '#lib/domain';
import { type Parsed, parsed, refused } from '#lib/parsed';
import { type AddressLiteral, parseAddressLiteral } from './address-literal.ts';
import { addressLimits } from './limits.ts';
import { type LocalpartOptions, scanLocalpart } from './localpart.ts';

/** A mailbox of the envelope: RFC 5321 §4.1.2 calls it Mailbox. */
export interface Address {
  /** Decoded: `"a b"@example.org` has the localpart `a b`. NFC. */
  readonly localpart: string;
  readonly domain: Domain | AddressLiteral;
}

/**
 * Options of parsing an address. With `pedantic`, domains must be host names; otherwise labels may contain `_` and begin or end with `-`,
 * and a trailing dot is dropped, because names of real hosts have them.
 */
export type AddressOptions = LocalpartOptions;

/** End of a scanned address, and its value. */
export interface ScannedAddress {
  readonly value: Address;
  /** Offset after its last code unit. */
  readonly end: number;
}

/** Parses a whole text as `localpart@domain` (RFC 5321 §4.1.2, Mailbox), without angle brackets. Refuses other text and text longer than a path can hold. */
export function parseAddress(text: string, options: AddressOptions = {}): Parsed<Address> {
  if (exceeds(text, maxAddressBytes))
    return refused(Math.min(text.length, maxAddressBytes), `address longer than ${maxAddressBytes} octets`);
  const scanned = scanAddress(text, 0, text.length, options);
  if (!scanned.ok) return scanned;
  if (scanned.value.end < text.length) return refused(scanned.value.end, 'nothing may follow the address');
  return parsed(scanned.value.value);
}

const maxAddressBytes = addressLimits.maxPathBytes - 2;

/** Reports whether `text` has more than `maxBytes` in UTF-8; encodes it only if needed. */
export function exceeds(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  // A code unit becomes at most three octets.
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes;
}

/** Parses the address that begins at `start` and whose domain ends at `domainEnd`, or, for a literal, at its bracket before that. */
export function scanAddress(
  text: string,
  start: number,
  domainEnd: number,
  options: AddressOptions,
): Parsed<ScannedAddress> {
  const localpart = scanLocalpart(text, start, options);
  if (!localpart.ok) return localpart;
  const atSign = localpart.value.end;
  if (text[atSign] !== '@') return refused(atSign, atSign < text.length ? 'character not allowed here' : '@ expected');
  const bracket = text[atSign + 1] === '[' ? text.indexOf(']', atSign) : -1;
  const end = bracket < 0 ? domainEnd : bracket + 1;
  const domain = parseAddressDomain(text.slice(atSign + 1, end), options);
  if (!domain.ok) return refused(atSign + 1 + domain.at, domain.reason);
  return parsed({ value: { localpart: localpart.value.value, domain: domain.value }, end });
}

/** Parses the part after `@`, or the argument of EHLO (RFC 5321 §4.1.1.1): a domain or an address literal. Refuses anything else. */
export function parseAddressDomain(text: string, options: AddressOptions = {}): Parsed<Domain | AddressLiteral> {
  if (text.startsWith('[')) return parseAddressLiteral(text);
  if (options.smtputf8 === false) {
    const bad = text.search(nonAscii);
    if (bad >= 0) return refused(bad, 'domain needs SMTPUTF8');
  }
  const isLenient = options.pedantic !== true;
  return parseDomain(text, {
    allowUnderscore: isLenient,
    allowOuterHyphens: isLenient,
    allowTrailingDot: isLenient,
  });
}

const nonAscii = /[^\0-\x7f]/;
