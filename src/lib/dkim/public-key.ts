import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { encodeBase64Text, encodeBase64url } from '#lib/codecs';
import { type Parsed, parsed, refused } from '#lib/parsed';
import type { SigningAlgorithm } from './signature.ts';

/** A key for verifying signatures. */
export interface PublicKey {
  readonly keyType: 'rsa' | 'ed25519';
  /** Size of the modulus; 256 for ed25519. */
  readonly bits: number;
  readonly keyObject: KeyObject;
}

const ed25519Bytes = 32;

/** Parses the `p=` of a key record (RFC 6376 §3.6.1, RFC 8463 §4.2). Refuses other keys and giant exponents. */
export function parsePublicKey(keyType: 'rsa' | 'ed25519', bytes: Uint8Array): Parsed<PublicKey> {
  if (keyType === 'ed25519') return parseEd25519(bytes);
  // RFC 6376 §3.6.1 asks for the bare RSAPublicKey and shows a SubjectPublicKeyInfo, the form in common use; both are read.
  const keyObject = keyFromPem('PUBLIC KEY', bytes) ?? keyFromPem('RSA PUBLIC KEY', bytes);
  if (keyObject === null || keyObject.asymmetricKeyType !== 'rsa') return refused(0, 'not an RSA public key');
  const { modulusLength: bits = 0, publicExponent = 0n } = keyObject.asymmetricKeyDetails ?? {};
  // A giant exponent only serves to slow the verifier; common ones have 2 or 17 bits.
  if (publicExponent > 0xffff_ffffn) return refused(0, 'RSA exponent too large');
  return parsed({ keyType, bits, keyObject });
}

function parseEd25519(bytes: Uint8Array): Parsed<PublicKey> {
  if (bytes.length !== ed25519Bytes) return refused(0, 'an ed25519 key has 32 octets');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(bytes) };
  return parsed({ keyType: 'ed25519', bits: 256, keyObject: createPublicKey({ key: jwk, format: 'jwk' }) });
}

function keyFromPem(label: string, der: Uint8Array): KeyObject | null {
  const lines = encodeBase64Text(der).replace(/.{64}(?=.)/g, '$&\n');
  try {
    return createPublicKey(`-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`);
  } catch {
    return null;
  }
}

/** Reports whether `signature` is a valid signature of `data`, which is not hashed yet. Takes about 20 µs. */
export function verifySignature(
  algorithm: SigningAlgorithm,
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (algorithm === 'rsa-sha256') return verify('sha256', data, key.keyObject, signature);
  return verify(null, createHash('sha256').update(data).digest(), key.keyObject, signature);
}
