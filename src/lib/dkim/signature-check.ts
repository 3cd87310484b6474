import type { Domain } from '#lib/domain';
import { sha256Bytes } from './body-hash.ts';
import type { Canonicalizations } from './canonicalization.ts';
import type { Signature, SigningAlgorithm } from './signature.ts';
import { failure, type SignatureFailure } from './verification.ts';

/** A signature that passed the checks without a key, with its algorithms. */
export interface Candidate {
  readonly signature: Signature;
  readonly algorithm: SigningAlgorithm;
  readonly canonicalizations: Canonicalizations;
}

/** Tolerated difference between clocks; RFC 6376 §3.5 permits a fudge factor for clock drift. */
const clockSkewS = 300;

/**
 * Makes all checks that need neither key nor body (RFC 6376 §6.1.1). Returns a failure when one of them fails.
 * @param nowMs  Arrival of the message, milliseconds since 1970.
 */
export function checkSignature(signature: Signature, nowMs: number): Candidate | SignatureFailure {
  const { algorithm, canonicalizations, domain, identity, expiresAtS } = signature;
  // RFC 8301 §3.1: signatures with rsa-sha1 have permanently failed evaluation.
  if (algorithm === 'rsa-sha1') return failure('policy', 'sha1', 'signed with SHA-1, which proves nothing any more');
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') {
    return failure('neutral', 'unsupported', `unknown algorithm ${algorithm.slice(0, 40)}`);
  }
  if (canonicalizations === null) return failure('neutral', 'unsupported', 'unknown canonicalization');
  // RFC 6376 §3.5, `q=`: unrecognized query methods MUST be ignored; without dns/txt none remains.
  if (!signature.queryMethods.includes('dns/txt')) return failure('neutral', 'unsupported', 'unknown query method');
  if (signature.bodyHash.length !== sha256Bytes) return failure('neutral', 'syntax', 'bh= is no SHA-256 hash');
  // RFC 6376 §6.1.1: without From in h= the verifier MUST ignore the signature (PERMFAIL).
  if (!signature.headerNames.includes('from')) return failure('permerror', 'fromUnsigned', 'From is not signed');
  // RFC 6376 §6.1.1: the domain of i= must be that of d= or a subdomain of it, else PERMFAIL (domain mismatch).
  if (!isWithin(identity.domain, domain)) {
    return failure('permerror', 'identity', `i= names ${identity.domain.ascii}, which is not within d=`);
  }
  // RFC 6376 §6.1.1: the verifier MAY return PERMFAIL for an expired signature.
  if (expiresAtS !== null && expiresAtS + clockSkewS < nowMs / 1000) {
    return failure('policy', 'expired', `expired ${new Date(expiresAtS * 1000).toISOString()}`);
  }
  return { signature, algorithm, canonicalizations };
}

/** Reports whether a domain is `parent` or below it. */
export function isWithin(domain: Domain, parent: Domain): boolean {
  return domain.ascii === parent.ascii || domain.ascii.endsWith(`.${parent.ascii}`);
}
