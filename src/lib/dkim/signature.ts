import { parseBase64 } from '#lib/codecs';
import { type Domain, parseDomain } from '#lib/domain';
import type { HeaderField } from '#lib/message';
import { type Parsed, parsed, refused } from '#lib/parsed';
import { type Canonicalizations, parseCanonicalizations } from './canonicalization.ts';
import { parseDkimQuotedPrintable } from './dkim-quoted-printable.ts';
import { splitNames, type Tag, type TagList, parseTagList, withoutSpace } from './tag-list.ts';

/** Algorithm for signing and verifying (RFC 8301 §3.1, RFC 8463 §3). */
export type SigningAlgorithm = 'rsa-sha256' | 'ed25519-sha256';

/** The agent or user that a signature names, `i=`. */
export interface AgentIdentity {
  /** Empty when only a domain is named. Its meaning is known only to the signer (RFC 6376 §3.5, `i=`). */
  readonly localpart: string;
  readonly domain: Domain;
}

/** A parsed DKIM-Signature field (RFC 6376 §3.5), which has not been checked or verified. */
export interface Signature {
  /** `a=` in lower case, known or not. */
  readonly algorithm: string;
  /** `c=`; null for unknown algorithms. */
  readonly canonicalizations: Canonicalizations | null;
  /** `d=`, the domain that takes responsibility. */
  readonly domain: Domain;
  /** `s=`, lower case. */
  readonly selector: Domain;
  /** `i=`, or its default: `@` and the domain of d= (RFC 6376 §3.5). */
  readonly identity: AgentIdentity;
  /** `h=` in lower case, in order. */
  readonly headerNames: readonly string[];
  /** `bh=`. */
  readonly bodyHash: Uint8Array;
  /** `b=`. */
  readonly signature: Uint8Array;
  /** `l=`, null for the whole body. Larger than any body when it has too many digits. */
  readonly bodyLength: number | null;
  /** `t=`, seconds since 1970; `Infinity` for more than 12 digits. */
  readonly signedAtS: number | null;
  /** `x=`, as `signedAtS`; null when absent: the signature does not expire. */
  readonly expiresAtS: number | null;
  /** `q=` in lower case. */
  readonly queryMethods: readonly string[];
  /** The tags as written, unknown ones included. Offsets count in the bytes of the header that held the field. */
  readonly tags: TagList;
}

/** Required tags: a signature without one MUST be PERMFAIL (RFC 6376 §6.1.1). */
const requiredTags = ['v', 'a', 'b', 'bh', 'd', 'h', 's'];

/** Parses a DKIM-Signature field. Strict (RFC 6376 §6.1.1); refuses malformed values, with offsets in the header that held the field. */
export function parseSignature(field: HeaderField): Parsed<Signature> {
  const tags = parseTagList(field.bytes, field.valueStart, field.end);
  if (!tags.ok) return tags;
  for (const name of requiredTags) {
    if (!tags.value.has(name)) return refused(field.valueStart, `required tag ${name}= is missing`);
  }
  try {
    return parsed(readTags(tags.value));
  } catch (error) {
    if (error instanceof BadTag) return refused(error.at, error.message);
    throw error;
  }
}

/** Private exception that carries a refusal out of the readers of single tags. */
class BadTag extends Error {
  readonly at: number;

  constructor(tag: Tag | undefined, reason: string) {
    super(tag === undefined ? reason : `${tag.name}=: ${reason}`);
    this.at = tag?.start ?? 0;
  }
}

function readTags(tags: TagList): Signature {
  const version = tags.get('v');
  // RFC 6376 §3.5: v= MUST be compared as a string, so "1.0" is not "1".
  if (version?.value !== '1') throw new BadTag(version, 'not a version that we know');
  const domain = readDomain(tags.get('d'), false);
  const signedAtS = readSeconds(tags.get('t'));
  const expiresAtS = readSeconds(tags.get('x'));
  // RFC 6376 §3.5: x= MUST be greater than t=.
  if (signedAtS !== null && expiresAtS !== null && expiresAtS <= signedAtS && expiresAtS !== Infinity) {
    throw new BadTag(tags.get('x'), 'expires before it was made');
  }
  return {
    algorithm: readAlgorithm(tags.get('a')),
    // RFC 6376 §3.5: c= defaults to simple/simple, q= to dns/txt.
    canonicalizations: parseCanonicalizations(tags.get('c')?.value ?? 'simple/simple'),
    domain,
    selector: readDomain(tags.get('s'), true),
    identity: readIdentity(tags.get('i'), domain),
    headerNames: readHeaderNames(tags.get('h')),
    bodyHash: readBase64(tags.get('bh')),
    signature: readBase64(tags.get('b')),
    bodyLength: readLength(tags.get('l')),
    signedAtS,
    expiresAtS,
    queryMethods: splitNames((tags.get('q')?.value ?? 'dns/txt').toLowerCase()),
    tags,
  };
}

function readAlgorithm(tag: Tag | undefined): string {
  const value = tag?.value.toLowerCase() ?? '';
  if (!/^[a-z][a-z0-9]*-[a-z][a-z0-9]*$/.test(value)) throw new BadTag(tag, 'not an algorithm');
  return value;
}

function readBase64(tag: Tag | undefined): Uint8Array {
  const bytes = parseBase64(withoutSpace(tag?.value ?? ''));
  if (!bytes.ok) throw new BadTag(tag, bytes.reason);
  if (bytes.value.length === 0) throw new BadTag(tag, 'empty');
  return bytes.value;
}

/** Parses a domain. Selectors with underscores are in use, although RFC 6376 §3.1 gives them the syntax of host names. */
function readDomain(tag: Tag | undefined, isSelector: boolean): Domain {
  const domain = parseDomain(tag?.value ?? '', { allowUnderscore: isSelector });
  if (!domain.ok) throw new BadTag(tag, domain.reason);
  return domain.value;
}

function readIdentity(tag: Tag | undefined, signer: Domain): AgentIdentity {
  if (tag === undefined) return { localpart: '', domain: signer };
  const text = parseDkimQuotedPrintable(tag.value);
  if (!text.ok) throw new BadTag(tag, text.reason);
  const at = text.value.lastIndexOf('@');
  if (at < 0) throw new BadTag(tag, 'no @ in the identity');
  const domain = parseDomain(text.value.slice(at + 1));
  if (!domain.ok) throw new BadTag(tag, domain.reason);
  return { localpart: text.value.slice(0, at), domain: domain.value };
}

function readHeaderNames(tag: Tag | undefined): string[] {
  const names = splitNames(tag?.value.toLowerCase() ?? '');
  for (const name of names) {
    // RFC 5322 §2.2: printable ASCII; the colon and the semicolon cannot be here.
    if (!/^[!-~]+$/.test(name)) throw new BadTag(tag, name === '' ? 'empty field name' : 'not a field name');
  }
  return names;
}

function readSeconds(tag: Tag | undefined): number | null {
  if (tag === undefined) return null;
  if (!/^[0-9]+$/.test(tag.value)) throw new BadTag(tag, 'not a number of seconds');
  // RFC 6376 §3.5: more than 12 digits may be taken as infinite.
  return tag.value.length > 12 ? Infinity : Number(tag.value);
}

function readLength(tag: Tag | undefined): number | null {
  if (tag === undefined) return null;
  if (!/^[0-9]{1,76}$/.test(tag.value)) throw new BadTag(tag, 'not a number of octets');
  return Math.min(Number(tag.value), Number.MAX_SAFE_INTEGER);
}
