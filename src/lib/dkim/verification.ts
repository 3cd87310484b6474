import type { Signature } from './signature.ts';

/** Results of RFC 8601 §2.7.1 for one signature; `none` is a message without signatures. */
export type SignatureStatus = 'pass' | 'fail' | 'neutral' | 'policy' | 'temperror' | 'permerror';

/**
 * Problem of a signature, for programs.
 * `syntax`: the field is malformed, a required tag missing, or its version unknown; `unsupported`: an unknown algorithm, canonicalization or query
 * method; `sha1`: historic (RFC 8301 §3.1); `fromUnsigned`: From is not covered; `identity`: `i=` is not within `d=`;
 * `expired`: past `x=`; `refused`: by the caller's own rule; `tooLarge`: header or field is beyond our limits.
 * `keyUnavailable`: DNS did not answer; `noKey`: there is none; `keySyntax`: nothing there is a key; `keyRevoked`; `keyMismatch`: the key is for
 * other algorithms, services or identities; `weakKey`: RSA below the minimum; `keyTooLarge`: RSA above the maximum.
 * `bodyHash`: the body was changed; `signature`: signed header fields were changed, or another key signed.
 */
export type SignatureProblem =
  | 'syntax'
  | 'unsupported'
  | 'sha1'
  | 'fromUnsigned'
  | 'identity'
  | 'expired'
  | 'refused'
  | 'tooLarge'
  | 'keyUnavailable'
  | 'noKey'
  | 'keySyntax'
  | 'keyRevoked'
  | 'keyMismatch'
  | 'weakKey'
  | 'keyTooLarge'
  | 'bodyHash'
  | 'signature';

/** A verdict that is not `pass`. */
export interface SignatureFailure {
  readonly status: Exclude<SignatureStatus, 'pass'>;
  readonly problem: SignatureProblem;
  /** One sentence for people, without the domain; may quote the message or DNS, sanitized. */
  readonly reason: string;
}

/** Facts about the key of a verdict. */
export interface KeyFacts {
  readonly keyType: 'rsa' | 'ed25519';
  readonly bits: number;
  /** The DNS answer was validated with DNSSEC. */
  readonly isAuthentic: boolean;
  /** `t=y`: the domain is testing (RFC 6376 §3.6.1), a failure counts as no signature. */
  readonly isTesting: boolean;
}

/** Result of one DKIM-Signature field. */
export type SignatureResult =
  | {
      readonly status: 'pass';
      readonly signature: Signature;
      readonly key: KeyFacts;
      /** Bytes of the canonical body beyond `l=`, which may have been added in transit (RFC 6376 §8.2); 0 without `l=`. */
      readonly unsignedBodyBytes: number;
    }
  | (SignatureFailure & {
      /** Null when the field could not be read. */
      readonly signature: Signature | null;
      /** Null when no usable key was found. */
      readonly key: KeyFacts | null;
    });

/** Results for all signatures of a message. */
export interface Verification {
  /** In the order of the header, from the top; empty for a message without signatures. */
  readonly results: readonly SignatureResult[];
  /** Number of signatures beyond the limit, which were not tried. */
  readonly untriedSignatures: number;
}

/** Returns a failure. */
export function failure(
  status: SignatureFailure['status'],
  problem: SignatureProblem,
  reason: string,
): SignatureFailure {
  return { status, problem, reason };
}
