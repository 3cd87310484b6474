import type { KeyRecord } from './key-record.ts';
import { parseKeyRecord } from './key-record.ts';
import type { DkimLimits } from './limits.ts';
import { parsePublicKey, type PublicKey } from './public-key.ts';
import type { Candidate } from './signature-check.ts';
import { failure, type KeyFacts, type SignatureFailure } from './verification.ts';

/** Answer of DNS for `selector._domainkey.domain`. */
export type KeyAnswer =
  /** The TXT records there, each with its strings joined. `isAuthentic`: validated with DNSSEC. */
  | { readonly kind: 'found'; readonly records: readonly string[]; readonly isAuthentic: boolean }
  /** The name does not exist, or has no TXT record. */
  | { readonly kind: 'absent' }
  /** Temporary failure (RFC 6376 §6.1.2: TEMPFAIL). */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Looks up a key in DNS; both names in ASCII, see `keyRecordName`. Rejects only when `signal` aborts; a failure of DNS is an answer.
 */
export type LookupKey = (selector: string, domain: string, signal?: AbortSignal) => Promise<KeyAnswer>;

/** A key that suits a signature, or the reason why one does not. */
export type KeyChoice =
  | { readonly kind: 'key'; readonly key: PublicKey; readonly facts: KeyFacts }
  | { readonly kind: 'failure'; readonly failure: SignatureFailure; readonly facts: KeyFacts | null };

/** Returns the keys of an answer that may be tried, at least one element, by the steps of RFC 6376 §6.1.2: malformed records MUST be ignored. */
export function chooseKeys(candidate: Candidate, answer: KeyAnswer, limits: DkimLimits): KeyChoice[] {
  if (answer.kind === 'failed') {
    return [refusal(failure('temperror', 'keyUnavailable', `key could not be looked up: ${answer.reason}`))];
  }
  const records = answer.kind === 'absent' ? [] : answer.records.slice(0, limits.maxKeyRecords);
  if (records.length === 0 || answer.kind === 'absent') {
    return [refusal(failure('permerror', 'noKey', 'there is no key for the selector'))];
  }
  const choices: KeyChoice[] = [];
  let syntaxReason = '';
  for (const text of records) {
    const record = parseKeyRecord(text, limits.maxKeyRecordLength);
    if (record.ok) choices.push(chooseKey(candidate, record.value, answer.isAuthentic, limits));
    else syntaxReason ||= record.reason;
  }
  if (choices.length > 0) return choices;
  return [refusal(failure('permerror', 'keySyntax', `the key record is malformed: ${syntaxReason}`))];
}

function refusal(reason: SignatureFailure, facts: KeyFacts | null = null): KeyChoice {
  return { kind: 'failure', failure: reason, facts };
}

function chooseKey(candidate: Candidate, record: KeyRecord, isAuthentic: boolean, limits: DkimLimits): KeyChoice {
  const mismatch = recordMismatch(candidate, record);
  if (mismatch !== null) return refusal(failure('permerror', 'keyMismatch', mismatch));
  // RFC 6376 §3.6.1: an empty p= means that the key has been revoked.
  if (record.publicKey.length === 0) return refusal(failure('permerror', 'keyRevoked', 'the key was revoked'));
  const keyType = candidate.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
  if (record.keyType !== keyType) {
    return refusal(failure('permerror', 'keyMismatch', `the key is not for ${candidate.algorithm}`));
  }
  const key = parsePublicKey(keyType, record.publicKey);
  if (!key.ok) return refusal(failure('permerror', 'keySyntax', `the key cannot be read: ${key.reason}`));
  const { bits } = key.value;
  const facts: KeyFacts = { keyType, bits, isAuthentic, isTesting: record.isTesting };
  if (keyType === 'rsa' && bits < limits.minRsaBits) {
    return refusal(
      failure('policy', 'weakKey', `RSA key of ${bits} bits, at least ${limits.minRsaBits} are needed`),
      facts,
    );
  }
  if (keyType === 'rsa' && bits > limits.maxRsaBits) {
    return refusal(
      failure('policy', 'keyTooLarge', `RSA key of ${bits} bits, at most ${limits.maxRsaBits} are tried`),
      facts,
    );
  }
  return { kind: 'key', key: key.value, facts };
}

/** Returns why the owner of a key did not mean it for this signature; null when all is well. */
function recordMismatch({ signature }: Candidate, record: KeyRecord): string | null {
  // RFC 6376 §3.6.1, `h=`: acceptable hashes; `s=`: verifiers MUST ignore records for other services.
  if (record.hashes !== null && !record.hashes.includes('sha256')) return 'the key is not for SHA-256';
  if (!record.services.includes('*') && !record.services.includes('email')) return 'the key is not for mail';
  // RFC 6376 §3.6.1, `t=s`: the domain of i= MUST NOT be a subdomain of d=.
  if (record.isStrict && signature.identity.domain.ascii !== signature.domain.ascii) {
    return 'the key does not allow a subdomain in i=';
  }
  return null;
}
