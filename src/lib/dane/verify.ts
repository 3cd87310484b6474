import { readCertificate } from './certificate.ts';
import { type DaneLimits, defaultLimits } from './limits.ts';
import { Matcher } from './matcher.ts';
import { openCertificate, openKey, type Path, pathsFrom, type ReadCertificate, SignatureChecker } from './path.ts';
import { checkPath, type PathProblem } from './path-checks.ts';
import { Matching, Selector, Usage, type TlsaRecord } from './tlsa.ts';

/** A server's certificates, and the records and names to compare them with. */
export interface DaneCheck {
  /** DER certificates as the server sent them: its own first. */
  readonly chain: readonly Uint8Array[];
  /** Usable records: those of `daneFor`. */
  readonly records: readonly TlsaRecord[];
  /** Reference identifiers for DANE-TA(2), A-labels: see `referenceNames`. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Result of the authentication of a server by TLSA records. */
export type DaneVerdict =
  | {
      readonly kind: 'verified';
      /** The record that matched. */
      readonly record: TlsaRecord;
      readonly by: 'DANE-EE' | 'DANE-TA';
    }
  | {
      readonly kind: 'refused';
      /**
       * `no-match`: no record matches this chain; `no-certificate`: there is no certificate to compare with the records;
       * the others: a trust anchor matched, but the chain below it is refused.
       */
      readonly why: 'no-certificate' | 'no-match' | PathProblem['why'];
      /** For people: completes "the server was not authenticated: …". */
      readonly reason: string;
    };

/**
 * Authenticates a server by TLSA records (RFC 7672 §3). Never throws because of the server.
 * A matching DANE-EE(3) record is sufficient: names do not matter and the expiration date MUST be ignored (RFC 7672 §3.1.1).
 */
export function verifyDane(check: DaneCheck, limits: DaneLimits = defaultLimits): DaneVerdict {
  const [leaf, ...others] = check.chain.slice(0, limits.maxChainCertificates);
  if (leaf === undefined || leaf.length > limits.maxCertificateBytes)
    return { kind: 'refused', why: 'no-certificate', reason: 'it sent no certificate, or too long a one' };
  const facts = readCertificate(leaf);
  if (!facts.ok) return { kind: 'refused', why: 'no-certificate', reason: facts.reason };
  const endRecords = check.records.filter(({ usage }) => usage === Usage.DaneEe);
  const matched = new Matcher(facts.value).find(endRecords);
  if (matched !== null) return { kind: 'verified', record: matched, by: 'DANE-EE' };
  const anchors = check.records.filter(({ usage }) => usage === Usage.DaneTa);
  const opened = anchors.length === 0 ? null : openCertificate(leaf, limits);
  if (opened === null) return noMatch(check.records.length);
  return verifyAnchored(opened, others, anchors, check, limits);
}

/** Verifies a chain by DANE-TA(2) records (RFC 7672 §3.1.2, RFC 7671 §5.2). */
function verifyAnchored(
  leaf: ReadCertificate,
  others: readonly Uint8Array[],
  anchors: readonly TlsaRecord[],
  check: DaneCheck,
  limits: DaneLimits,
): DaneVerdict {
  // RFC 7671 §5.2.2: a trust anchor that is published in full need not be in the chain.
  const fromDns = anchors
    .filter(({ selector, matching }) => selector === Selector.Cert && matching === Matching.Full)
    .slice(0, limits.maxAnchorsFromDns);
  const issuers = [...others, ...fromDns.map(({ data }) => data)].flatMap((der) => openCertificate(der, limits) ?? []);
  const signatures = new SignatureChecker(limits.maxSignatureChecks);
  const paths: Path[] = [[leaf]];
  let problem: PathProblem | null = null;
  for (const path of pathsFrom(leaf, issuers, signatures)) {
    paths.push(path);
    const top = path.at(-1) ?? leaf;
    const record = new Matcher(top.facts).find(anchors);
    if (record === null) continue;
    const found = checkPath(path, check.names, check.nowMs);
    if (found === null) return { kind: 'verified', record, by: 'DANE-TA' };
    problem ??= found;
  }
  if (problem !== null) return { kind: 'refused', ...problem };
  return verifyByBareKey(paths, anchors, check, signatures, limits);
}

/** Verifies a chain by bare keys. RFC 7671 §5.2.3: a key that is published in full may have signed the topmost certificate of the chain. */
function verifyByBareKey(
  paths: readonly Path[],
  anchors: readonly TlsaRecord[],
  check: DaneCheck,
  signatures: SignatureChecker,
  limits: DaneLimits,
): DaneVerdict {
  const bare = anchors
    .filter(({ selector, matching }) => selector === Selector.Spki && matching === Matching.Full)
    .slice(0, limits.maxAnchorsFromDns);
  for (const record of bare) {
    const key = openKey(record.data);
    const path = paths.find((candidate) => {
      const top = candidate.at(-1);
      return top !== undefined && signatures.isSignedBy(top, key);
    });
    if (path === undefined) continue;
    const problem = checkPath(path, check.names, check.nowMs);
    return problem === null ? { kind: 'verified', record, by: 'DANE-TA' } : { kind: 'refused', ...problem };
  }
  return noMatch(check.records.length);
}

function noMatch(records: number): DaneVerdict {
  return {
    kind: 'refused',
    why: 'no-match',
    reason:
      records === 1
        ? 'its TLSA record matches none of its certificates'
        : `none of its ${records} TLSA records matches its certificates`,
  };
}

/** Origin of a host, which determines its reference identifiers (RFC 7672 §3.2.2). Names are A-labels. */
export interface HostOrigin {
  /** Name whose TLSA records are used: the host's, or the target of its CNAMEs (RFC 7672 §2.2.3). */
  readonly baseDomain: string;
  /** Domain of the recipients. */
  readonly nextHop: string;
  /** The same after CNAMEs. */
  readonly expandedNextHop: string;
  /** True when MX records led to the host, and were DNSSEC-authentic. */
  readonly mx: 'authentic' | 'insecure' | 'none';
}

/** Returns the reference identifiers for DANE-TA(2). RFC 7672 §3.2.2: the next-hop domain MUST be included, but not after an insecure MX lookup. */
export function referenceNames({ baseDomain, nextHop, expandedNextHop, mx }: HostOrigin): string[] {
  return mx === 'insecure' ? [baseDomain] : [...new Set([baseDomain, nextHop, expandedNextHop])];
}
