import { createHash } from 'node:crypto';
import { encodeHex, parseHex } from '#lib/codecs';
import type { Records } from '#lib/dns';
import { type Parsed, parsed, refused } from '#lib/parsed';
import { spkiOf } from './certificate.ts';

/** Data of a TLSA record (RFC 6698 §2.1). */
export type TlsaRecord = Records['TLSA'];

/** Certificate usages by their names (RFC 7218 §2.1). */
export const Usage = { PkixTa: 0, PkixEe: 1, DaneTa: 2, DaneEe: 3 } as const;
/** Selectors (RFC 7218 §2.2): the whole certificate, or its SubjectPublicKeyInfo. */
export const Selector = { Cert: 0, Spki: 1 } as const;
/** Matching types (RFC 7218 §2.3). */
export const Matching = { Full: 0, Sha256: 1, Sha512: 2 } as const;

/** Parameters of a new TLSA record for a certificate or key. */
export interface TlsaChoice {
  readonly usage: 2 | 3;
  readonly selector: 0 | 1;
  readonly matching: 0 | 1 | 2;
}

/** `DANE-EE(3) SPKI(1) SHA2-256(1)`, which RFC 7672 §3.1 recommends: it survives renewals that keep the key. */
export const recommendedChoice: TlsaChoice = { usage: 3, selector: 1, matching: 1 };

/** Returns the name of the TLSA records of a host's service: `_25._tcp.mx.example.com` (RFC 6698 §3). */
export function tlsaName(host: string, port = 25): string {
  return `_${port}._tcp.${host}`;
}

/** Returns the record for a certificate (DER). Refuses bytes that are no certificate. */
export function tlsaForCertificate(
  certificate: Uint8Array,
  choice: TlsaChoice = recommendedChoice,
): Parsed<TlsaRecord> {
  const spki = spkiOf(certificate);
  if (!spki.ok) return spki;
  return parsed(recordOf(choice, choice.selector === Selector.Cert ? certificate : spki.value));
}

/**
 * Returns the record for every certificate of a public key, given as DER SubjectPublicKeyInfo, for keys without a certificate yet
 * (RFC 7672 §4). The selector is SPKI(1).
 */
export function tlsaForKey(spki: Uint8Array, choice: Omit<TlsaChoice, 'selector'> = recommendedChoice): TlsaRecord {
  return recordOf({ ...choice, selector: Selector.Spki }, spki);
}

function recordOf({ usage, selector, matching }: TlsaChoice, selected: Uint8Array): TlsaRecord {
  return { usage, selector, matching, data: associationData(selected, matching) };
}

/** Returns the association data of this matching type for the selected bytes (RFC 6698 §2.1.3). @throws RangeError for other types. */
export function associationData(selected: Uint8Array, matching: number): Uint8Array {
  switch (matching) {
    case Matching.Full:
      return selected;
    case Matching.Sha256:
      return new Uint8Array(createHash('sha256').update(selected).digest());
    case Matching.Sha512:
      return new Uint8Array(createHash('sha512').update(selected).digest());
    default:
      throw new RangeError(`unknown matching type ${matching}`);
  }
}

/** Formats a record's data for presentation (RFC 6698 §2.2), as in zone files and TLS reports: `3 1 1 1f85…`. */
export function writeTlsa({ usage, selector, matching, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matching} ${encodeHex(data)}`;
}

/** Longest presentation that is parsed: the data of one record has at most 65,535 octets. */
const maxPresentationChars = 200_000;

/** Parses the presentation of a record's data (RFC 6698 §2.2): white space is allowed between the hexadecimal digits. Refuses anything else. */
export function parseTlsa(text: string): Parsed<TlsaRecord> {
  if (text.length > maxPresentationChars) return refused(maxPresentationChars, 'TLSA record too long');
  const match = /^[ \t]*(\d{1,3})[ \t]+(\d{1,3})[ \t]+(\d{1,3})[ \t]+/.exec(text);
  if (match === null) return refused(0, 'three numbers and hexadecimal digits expected');
  const [usage = 0, selector = 0, matching = 0] = match.slice(1).map(Number);
  if (Math.max(usage, selector, matching) > 255) return refused(0, 'number above 255');
  const data = parseHex(text.slice(match[0].length).replace(/[ \t]+/g, ''));
  if (!data.ok) return refused(match[0].length, data.reason);
  if (data.value.length === 0) return refused(match[0].length, 'no association data');
  return parsed({ usage, selector, matching, data: data.value });
}
