import { encodeBase64Text, parseBase64 } from '#lib/codecs';
import { type Parsed, parsed, refused } from '#lib/parsed';
import { defaultDkimLimits } from './limits.ts';
import { parseTagList, splitNames, withoutSpace } from './tag-list.ts';

/** Key record of a selector in DNS (RFC 6376 §3.6.1, RFC 8463 §4.2). */
export interface KeyRecord {
  /** `k=`: `rsa`, `ed25519`, or an unknown type. */
  readonly keyType: string;
  /** `p=`: for rsa DER of the SubjectPublicKeyInfo (or of the bare key), for ed25519 its 32 octets. Empty when revoked. */
  readonly publicKey: Uint8Array;
  /** `h=` in lower case, null for any hash. */
  readonly hashes: readonly string[] | null;
  /** `s=` in lower case; `*` means all. */
  readonly services: readonly string[];
  /** `t=y`: the domain is testing; a failure MUST be treated like an unsigned message. */
  readonly isTesting: boolean;
  /** `t=s`: `i=` must have the domain of `d=` itself. */
  readonly isStrict: boolean;
  /** `n=` as written. */
  readonly notes: string;
}

const encoder = new TextEncoder();

/**
 * Parses a key record from its joined strings. Strict; unknown tags are ignored (RFC 6376 §3.2: MUST).
 * @returns a refusal also for records of other protocols, such as a wildcard TXT record (RFC 6376 §6.1.2).
 */
export function parseKeyRecord(
  text: string,
  maxLength: number = defaultDkimLimits.maxKeyRecordLength,
): Parsed<KeyRecord> {
  if (text.length > maxLength) return refused(maxLength, 'key record too long');
  const tags = parseTagList(encoder.encode(text));
  if (!tags.ok) return tags;
  const { value } = tags;
  const version = value.get('v');
  // RFC 6376 §3.6.1: v= MUST be the first tag if present, and records with another value MUST be discarded.
  if (version !== undefined && (version.value !== 'DKIM1' || value.keys().next().value !== 'v')) {
    return refused(version.start, 'v= must be DKIM1 and come first');
  }
  const key = value.get('p');
  if (key === undefined) return refused(0, 'no p= in the key record');
  const publicKey = parseBase64(withoutSpace(key.value));
  if (!publicKey.ok) return refused(key.start, `p=: ${publicKey.reason}`);
  const lists = ['h', 's', 't'].map((name) => value.get(name)?.value.toLowerCase());
  const [hashes, services = '*', flags = ''] = lists;
  const flagNames = splitNames(flags);
  return parsed({
    keyType: value.get('k')?.value.toLowerCase() ?? 'rsa',
    publicKey: publicKey.value,
    hashes: hashes === undefined ? null : splitNames(hashes),
    services: splitNames(services),
    isTesting: flagNames.includes('y'),
    isStrict: flagNames.includes('s'),
    notes: value.get('n')?.value ?? '',
  });
}

/** Fields of a key record that we publish; omitted ones have their defaults. */
export interface KeyRecordFields {
  readonly keyType: 'rsa' | 'ed25519';
  /** As in `KeyRecord`. */
  readonly publicKey: Uint8Array;
  readonly hashes?: readonly string[];
  readonly services?: readonly string[];
  readonly isTesting?: boolean;
  readonly isStrict?: boolean;
}

/** Formats a key record, all ASCII, as one string: see `txtStrings`. */
export function writeKeyRecord(fields: KeyRecordFields): string {
  // `k=rsa` is the default (RFC 6376 §3.6.1); it is written for programs that do not know that.
  const tags = ['v=DKIM1', `k=${fields.keyType}`];
  if (fields.hashes !== undefined) tags.push(`h=${fields.hashes.join(':')}`);
  if (fields.services !== undefined) tags.push(`s=${fields.services.join(':')}`);
  const flags = [fields.isTesting === true ? 'y' : '', fields.isStrict === true ? 's' : ''].filter(
    (flag) => flag !== '',
  );
  if (flags.length > 0) tags.push(`t=${flags.join(':')}`);
  tags.push(`p=${encodeBase64Text(fields.publicKey)}`);
  return tags.join('; ');
}

/** Splits ASCII text into the strings of a TXT record, each of at most 255 octets (RFC 1035 §3.3, RFC 6376 §3.6.2.2). */
export function txtStrings(text: string): string[] {
  const strings: string[] = [];
  for (let at = 0; at < text.length; at += 255) strings.push(text.slice(at, at + 255));
  return strings;
}

/** Returns the name of the key record of a selector (RFC 6376 §3.6.2.1). Both in ASCII. */
export function keyRecordName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}
