import { type Parsed, parsed, refused } from '#lib/parsed';
import { DerReader, NotDer, Tag } from './der.ts';

/** DNS names that a CA may or may not certify (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  /** Null: any name. */
  readonly permitted: readonly string[] | null;
  readonly excluded: readonly string[];
}

/** Facts about a certificate that verification needs and `node:crypto` does not report. */
export interface CertificateFacts {
  readonly der: Uint8Array;
  /** SubjectPublicKeyInfo, exactly as the certificate has it (RFC 6698 §2.1.2). */
  readonly spki: Uint8Array;
  /** Most CA certificates allowed between this one and the leaf (RFC 5280 §4.2.1.9); null for any number. */
  readonly pathLength: number | null;
  readonly nameConstraints: NameConstraints | null;
  /** dNSName entries of subjectAltName. */
  readonly dnsNames: readonly string[];
  /** Problem of its extensions: malformed, or critical and unknown. Null when there is none. */
  readonly extensionProblem: string | null;
}

const latin1 = new TextDecoder('latin1');

/** Parses the facts of an X.509 certificate (RFC 5280 §4.1), without a check of signature and dates. Refuses bytes that are no certificate. */
export function readCertificate(der: Uint8Array): Parsed<CertificateFacts> {
  try {
    return parsed(read(der));
  } catch (error) {
    if (error instanceof NotDer) return refused(0, `not a certificate: ${error.message}`);
    throw error;
  }
}

/** Returns the SubjectPublicKeyInfo of a certificate, both DER: selector SPKI(1) (RFC 6698 §2.1.2). Refuses bytes that are no certificate. */
export function spkiOf(certificate: Uint8Array): Parsed<Uint8Array> {
  const facts = readCertificate(certificate);
  return facts.ok ? parsed(facts.value.spki) : facts;
}

/** Reports whether the bytes are one SEQUENCE and nothing else, as every certificate and public key is. */
export function isOneSequence(der: Uint8Array): boolean {
  try {
    const reader = new DerReader(der);
    reader.next(Tag.Sequence);
    return reader.isAtEnd;
  } catch (error) {
    if (error instanceof NotDer) return false;
    throw error;
  }
}

function read(der: Uint8Array): CertificateFacts {
  const outer = new DerReader(der);
  const certificate = outer.enter(Tag.Sequence);
  if (!outer.isAtEnd) throw new NotDer('bytes after the certificate');
  const body = certificate.enter(Tag.Sequence);
  if (body.nextTag === 0xa0) body.next();
  body.next(Tag.Integer);
  // Signature algorithm, issuer, validity, subject.
  for (let i = 0; i < 4; i++) body.next(Tag.Sequence);
  const spki = body.next(Tag.Sequence).whole;
  const facts = { der, spki, ...noExtensions };
  while (!body.isAtEnd) {
    const { tag, content } = body.next();
    if (tag === 0xa3) return { ...facts, ...tryExtensions(content) };
  }
  return facts;
}

type ExtensionFacts = Omit<CertificateFacts, 'der' | 'spki'>;

const noExtensions: ExtensionFacts = {
  pathLength: null,
  nameConstraints: null,
  dnsNames: [],
  extensionProblem: null,
};

/** Extensions of RFC 5280 §4.2.1, all under 2.5.29, by the last octet of their OID. */
const Extension = {
  KeyUsage: 15,
  SubjectAltName: 17,
  BasicConstraints: 19,
  NameConstraints: 30,
  CertificatePolicies: 32,
  ExtendedKeyUsage: 37,
} as const;

/** Extensions that `node:crypto` checks, and policies, of which any is accepted (RFC 5280 §6.1.1: any-policy is our initial set). */
const seenElsewhere: ReadonlySet<number> = new Set([
  Extension.KeyUsage,
  Extension.CertificatePolicies,
  Extension.ExtendedKeyUsage,
]);

/** Reads extensions without failing, because a record for the key or the whole certificate matches regardless of them (RFC 7672 §3.1.1). */
function tryExtensions(content: Uint8Array): ExtensionFacts {
  try {
    return readExtensions(new DerReader(content).enter(Tag.Sequence));
  } catch (error) {
    if (error instanceof NotDer) return { ...noExtensions, extensionProblem: `malformed extensions: ${error.message}` };
    throw error;
  }
}

function readExtensions(list: DerReader): ExtensionFacts {
  let facts = noExtensions;
  while (!list.isAtEnd) {
    const extension = list.enter(Tag.Sequence);
    const oid = extension.next(Tag.ObjectIdentifier).content;
    const isCritical = extension.nextTag === Tag.Boolean && extension.next().content[0] !== 0;
    const value = extension.next(Tag.OctetString).content;
    const id = oid.length === 3 && oid[0] === 0x55 && oid[1] === 0x1d ? (oid[2] ?? 0) : null;
    if (id === Extension.SubjectAltName) facts = { ...facts, dnsNames: dnsNamesIn(value) };
    else if (id === Extension.BasicConstraints) facts = { ...facts, pathLength: pathLengthIn(value) };
    else if (id === Extension.NameConstraints) facts = { ...facts, nameConstraints: constraintsIn(value) };
    // RFC 5280 §4.2: a system MUST reject a certificate with a critical extension that it does not recognize.
    else if (isCritical && (id === null || !seenElsewhere.has(id)))
      facts = { ...facts, extensionProblem: `unknown critical extension ${hexOf(oid)}` };
  }
  return facts;
}

const dnsNameTag = 0x82;

function dnsNamesIn(value: Uint8Array): string[] {
  const names = new DerReader(value).enter(Tag.Sequence);
  const found: string[] = [];
  while (!names.isAtEnd) {
    const { tag, content } = names.next();
    if (tag === dnsNameTag) found.push(latin1.decode(content).toLowerCase());
  }
  return found;
}

function pathLengthIn(value: Uint8Array): number | null {
  const fields = new DerReader(value).enter(Tag.Sequence);
  if (fields.nextTag === Tag.Boolean) fields.next();
  if (fields.isAtEnd) return null;
  const [high = 0, ...rest] = fields.next(Tag.Integer).content;
  // A number of several octets exceeds the length of any chain that we read, unless it is negative.
  if (high >= 0x80) throw new NotDer('negative path length');
  return rest.length === 0 ? high : null;
}

function constraintsIn(value: Uint8Array): NameConstraints {
  const lists = new DerReader(value).enter(Tag.Sequence);
  let permitted: readonly string[] | null = null;
  let excluded: readonly string[] = [];
  while (!lists.isAtEnd) {
    const { tag, content } = lists.next();
    const names = subtreesIn(content);
    if (tag === 0xa0 && names.length > 0) permitted = names;
    if (tag === 0xa1) excluded = names;
  }
  return { permitted, excluded };
}

/** Returns the DNS names of subtrees. RFC 5280 §4.2.1.10: bases of other kinds restrict names of other kinds, which are not used here. */
function subtreesIn(content: Uint8Array): string[] {
  const subtrees = new DerReader(content);
  const names: string[] = [];
  while (!subtrees.isAtEnd) {
    const base = subtrees.enter(Tag.Sequence).next();
    if (base.tag === dnsNameTag) names.push(latin1.decode(base.content).toLowerCase());
  }
  return names;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
