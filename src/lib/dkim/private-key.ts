import { createPrivateKey, createPublicKey, generateKeyPair, hash, type KeyObject, sign } from 'node:crypto';
import { parseBase64, parseBase64url } from '#lib/codecs';
import { type Parsed, parsed, refused } from '#lib/parsed';
import { Secret } from '#lib/secret';
import { defaultRsaBits } from './limits.ts';
import type { SigningAlgorithm } from './signature.ts';

/** A key for signing. */
export interface PrivateKey {
  readonly algorithm: SigningAlgorithm;
  /** Size of the modulus; 256 for ed25519. */
  readonly bits: number;
  /** Value of `p=` in the key record: see `KeyRecord`. */
  readonly publicKey: Uint8Array;
  readonly keyObject: KeyObject;
}

/**
 * Computes the octets of `b=`, off the event loop. `data` is the input of the hash of RFC 6376 §3.7: it is signed
 * with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 6376 §3.3.2), or its SHA-256 is signed with Ed25519 (RFC 8463 §3).
 * `keyId` is that of the `SigningKey`. Rejects when there is no such key.
 */
export type Sign = (keyId: string, algorithm: SigningAlgorithm, data: Uint8Array) => Promise<Uint8Array>;

/** Generates a private key in PKCS #8 PEM, off the event loop; an RSA key takes about 0.1 s. */
export async function generatePrivateKey(
  algorithm: SigningAlgorithm,
  rsaBits: number = defaultRsaBits,
): Promise<Secret> {
  const keyObject = await new Promise<KeyObject>((resolve, reject) => {
    const done = (error: Error | null, _: KeyObject, made: KeyObject): void => {
      if (error === null) resolve(made);
      else reject(error);
    };
    if (algorithm === 'rsa-sha256') generateKeyPair('rsa', { modulusLength: rsaBits, publicExponent: 0x10001 }, done);
    else generateKeyPair('ed25519', {}, done);
  });
  return new Secret(keyObject.export({ type: 'pkcs8', format: 'pem' }));
}

/**
 * Parses a private key without passphrase from PEM, PKCS #8 or PKCS #1. The key determines the algorithm. Refuses other keys.
 * @param minRsaBits  Smaller keys are refused. Signers MUST use at least 1024 bits (RFC 8301 §3.2).
 */
export function parsePrivateKey(pem: Secret, minRsaBits: number = defaultRsaBits): Parsed<PrivateKey> {
  let keyObject: KeyObject;
  try {
    keyObject = createPrivateKey(pem.reveal());
  } catch {
    return refused(0, 'not a private key in PEM, or one with a passphrase');
  }
  if (keyObject.asymmetricKeyType === 'ed25519') {
    return parsed({ algorithm: 'ed25519-sha256', bits: 256, publicKey: ed25519Public(keyObject), keyObject });
  }
  if (keyObject.asymmetricKeyType !== 'rsa') return refused(0, 'neither an RSA nor an ed25519 key');
  const bits = keyObject.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < minRsaBits) return refused(0, `RSA key of ${bits} bits, at least ${minRsaBits} are needed`);
  return parsed({ algorithm: 'rsa-sha256', bits, publicKey: rsaPublic(keyObject), keyObject });
}

function rsaPublic(key: KeyObject): Uint8Array {
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  return trusted(parseBase64(pem.replace(/-----[^-]+-----|\s+/g, '')));
}

function ed25519Public(key: KeyObject): Uint8Array {
  return trusted(parseBase64url(createPublicKey(key).export({ format: 'jwk' }).x ?? ''));
}

function trusted(bytes: Parsed<Uint8Array>): Uint8Array {
  if (!bytes.ok) throw new Error(`node:crypto wrote a key that we cannot read: ${bytes.reason}`);
  return bytes.value;
}

/** Returns a `Sign` that uses the threads of node:crypto, for keys by their ids. The map may change between calls. */
export function signWith(keys: ReadonlyMap<string, PrivateKey>): Sign {
  return async (keyId, algorithm, data) => {
    const key = keys.get(keyId);
    if (key === undefined) throw new Error(`no DKIM key ${keyId}`);
    if (key.algorithm !== algorithm) throw new Error(`DKIM key ${keyId} is not for ${algorithm}`);
    const isRsa = algorithm === 'rsa-sha256';
    const input = isRsa ? data : hash('sha256', data, 'buffer');
    return await new Promise<Uint8Array>((resolve, reject) => {
      sign(isRsa ? 'sha256' : null, input, key.keyObject, (error, signature) => {
        if (error === null) resolve(signature);
        else reject(error);
      });
    });
  };
}
