import { createHash } from 'node:crypto';
import { encodeHex, parseHex } from '#lib/codecs';
import type { AppPasswordProof } from './app-password-rows.ts';
import type { CredentialRow } from './credential-rows.ts';

const keyPrefix = 'key ';
const sessionPrefix = 'session ';

/** Returns the name of an account's own password: another one once the password is set again. */
export function passwordProof({ changedMs, passwordHash }: Pick<CredentialRow, 'changedMs' | 'passwordHash'>): string {
  return `password ${hashed(`${changedMs} ${passwordHash}`)}`;
}

/** Returns the name of an app password. The id alone is not enough: a later one may get it again. */
export function appPasswordProof({ id, digest }: Pick<AppPasswordProof, 'id' | 'digest'>): string {
  return `app ${id} ${hashed(digest)}`;
}

/** Returns the name of a client certificate's key. */
export function clientKeyProof(fingerprint: Uint8Array): string {
  return `${keyPrefix}${encodeHex(fingerprint)}`;
}

/** Returns the name of a session's token. @param digest  SHA-256 of the token. */
export function webSessionProof(digest: Uint8Array): string {
  return `${sessionPrefix}${encodeHex(digest)}`;
}

/** Returns the fingerprint in the name of a client certificate's key; null when it names another secret. */
export function fingerprintOf(proof: string): Uint8Array | null {
  return bytesIn(proof, keyPrefix);
}

/** Returns the digest in the name of a session's token; null when it names another secret. */
export function sessionDigestOf(proof: string): Uint8Array | null {
  return bytesIn(proof, sessionPrefix);
}

function bytesIn(proof: string, prefix: string): Uint8Array | null {
  const bytes = proof.startsWith(prefix) ? parseHex(proof.slice(prefix.length)) : null;
  return bytes?.ok === true ? bytes.value : null;
}

/** Returns a hash of stored data, from which nothing can be learned about the secret. */
function hashed(stored: string | Uint8Array): string {
  return createHash('sha256').update(stored).digest('base64url');
}
