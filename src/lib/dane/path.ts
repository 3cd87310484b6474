import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { type CertificateFacts, readCertificate } from './certificate.ts';
import type { DaneLimits } from './limits.ts';

/** A certificate parsed twice: by `node:crypto` for its signature, dates and names, by us for the rest. */
export interface ReadCertificate {
  readonly facts: CertificateFacts;
  readonly x509: X509Certificate;
}

/** Parses a certificate. Returns null when it is none, or too long. */
export function openCertificate(der: Uint8Array, limits: DaneLimits): ReadCertificate | null {
  if (der.length > limits.maxCertificateBytes) return null;
  const facts = readCertificate(der);
  if (!facts.ok) return null;
  const x509 = attempt(() => new X509Certificate(der));
  return x509 === null ? null : { facts: facts.value, x509 };
}

/** Returns a public key from DER SubjectPublicKeyInfo; null when OpenSSL cannot read it. */
export function openKey(spki: Uint8Array): KeyObject | null {
  return attempt(() => createPublicKey({ key: spki, format: 'der', type: 'spki' }));
}

/** Certificates from the leaf (first) up to an issuer, each certified by the next. */
export type Path = readonly ReadCertificate[];

/** Checker of at most a given number of signatures. */
export class SignatureChecker {
  #left: number;

  constructor(checks: number) {
    this.#left = checks;
  }

  /** Reports whether `key` signed `certificate`; false when that is unknown, or when the number of checks is used up. */
  isSignedBy(certificate: ReadCertificate, key: KeyObject | null): boolean {
    if (key === null || this.#left <= 0) return false;
    this.#left -= 1;
    return attempt(() => certificate.x509.verify(key)) ?? false;
  }
}

/**
 * Yields the shortest paths from `leaf` to each of `others` that certified it directly or through others, nearest first. The order in which
 * the peer sent them does not matter (RFC 8446 §4.4.2). Every certificate gets one path, so that crossed signatures cannot multiply the work.
 */
export function* pathsFrom(
  leaf: ReadCertificate,
  others: readonly ReadCertificate[],
  signatures: SignatureChecker,
): Generator<Path> {
  const unused = new Set(others);
  const queue: Path[] = [[leaf]];
  for (const path of queue) {
    const below = path.at(-1) ?? leaf;
    for (const issuer of unused) {
      if (!hasIssued(below, issuer, signatures)) continue;
      unused.delete(issuer);
      const longer = [...path, issuer];
      queue.push(longer);
      yield longer;
    }
  }
}

/** Reports whether `issuer` issued `below`: name, key identifier, key usage (`checkIssued`), CA flag and signature (RFC 5280 §6.1.3, §6.1.4). */
function hasIssued(below: ReadCertificate, issuer: ReadCertificate, signatures: SignatureChecker): boolean {
  if (attempt(() => issuer.x509.ca && below.x509.checkIssued(issuer.x509)) !== true) return false;
  return signatures.isSignedBy(
    below,
    attempt(() => issuer.x509.publicKey),
  );
}

/** Returns null when `read` throws, as OpenSSL does for certificates and keys that it does not support. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
