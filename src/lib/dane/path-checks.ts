import type { NameConstraints } from './certificate.ts';
import type { Path, ReadCertificate } from './path.ts';

/** Reason why a chain is refused although it leads to a trust anchor. */
export interface PathProblem {
  readonly why: 'name-mismatch' | 'expired' | 'untrusted';
  readonly reason: string;
}

/** Purposes that permit a server: server authentication, and any purpose (RFC 5280 §4.2.1.12). */
const serverPurposes: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);

/**
 * Checks a path whose signatures are valid by RFC 5280 §6.1 (dates, path lengths, critical extensions, name constraints of CAs) and by
 * RFC 7672 §3.2.2 (names of the server). Returns null when it is acceptable.
 */
export function checkPath(path: Path, names: readonly string[], nowMs: number): PathProblem | null {
  const [leaf] = path;
  if (leaf === undefined) return { why: 'untrusted', reason: 'no certificate' };
  for (const [at, certificate] of path.entries()) {
    const problem = dateProblem(certificate, at, nowMs) ?? extensionProblem(certificate, at, path);
    if (problem !== null) return problem;
  }
  const purposes: readonly string[] | undefined = leaf.x509.keyUsage;
  if (purposes !== undefined && !purposes.some((purpose) => serverPurposes.has(purpose)))
    return { why: 'untrusted', reason: 'the certificate is not for servers' };
  const matched = names.find((name) => isFor(leaf, name));
  if (matched === undefined)
    return { why: 'name-mismatch', reason: `the certificate is for none of ${names.join(', ')}` };
  return constraintProblem(path, [...leaf.facts.dnsNames, matched]);
}

function dateProblem({ x509 }: ReadCertificate, at: number, nowMs: number): PathProblem | null {
  const which = describe(at);
  if (nowMs < x509.validFromDate.getTime())
    return { why: 'expired', reason: `${which} is valid only from ${x509.validFrom}` };
  // Not `>`: dates that OpenSSL cannot read are NaN and count as expired.
  if (!(nowMs <= x509.validToDate.getTime())) return { why: 'expired', reason: `${which} expired on ${x509.validTo}` };
  return null;
}

function extensionProblem({ facts }: ReadCertificate, at: number, path: Path): PathProblem | null {
  if (facts.extensionProblem !== null)
    return { why: 'untrusted', reason: `${describe(at)}: ${facts.extensionProblem}` };
  // RFC 5280 §4.2.1.9: self-issued certificates do not count.
  const between = path.slice(1, at).filter(({ x509 }) => x509.subject !== x509.issuer).length;
  if (facts.pathLength !== null && between > facts.pathLength)
    return {
      why: 'untrusted',
      reason: `${describe(at)} allows ${facts.pathLength} CAs below it, there are ${between}`,
    };
  return null;
}

/** Reports whether a certificate is for `name`. RFC 7672 §3.2.3: only DNS-IDs count, and the CN when there are none; a wildcard is the whole first label. */
function isFor({ x509 }: ReadCertificate, name: string): boolean {
  return x509.checkHost(name, { subject: 'default', wildcards: true, partialWildcards: false }) !== undefined;
}

function constraintProblem(path: Path, names: readonly string[]): PathProblem | null {
  for (const [at, { facts }] of path.entries()) {
    if (at === 0 || facts.nameConstraints === null) continue;
    const outside = names.find((name) => !isAllowed(name, facts.nameConstraints));
    if (outside !== undefined) return { why: 'untrusted', reason: `${describe(at)} may not certify ${outside}` };
  }
  return null;
}

function isAllowed(name: string, constraints: NameConstraints | null): boolean {
  if (constraints === null) return true;
  const { permitted, excluded } = constraints;
  if (excluded.some((base) => isWithin(name, base))) return false;
  return permitted === null || permitted.some((base) => isWithin(name, base));
}

/** Reports whether a name is within a base. RFC 5280 §4.2.1.10: it is the base with zero or more labels added at the left. */
function isWithin(name: string, base: string): boolean {
  if (base === '') return true;
  const lower = name.toLowerCase();
  return base.startsWith('.') ? lower.endsWith(base) : lower === base || lower.endsWith(`.${base}`);
}

function describe(at: number): string {
  return at === 0 ? 'the certificate' : `the CA certificate ${at} above it`;
}
