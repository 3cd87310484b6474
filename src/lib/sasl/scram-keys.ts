import { createHash, createHmac, pbkdf2, pbkdf2Sync } from 'node:crypto';
import { prepareScramPassword } from './prepare.ts';
import type { ScramKeys } from './types.ts';

/** Hash of a supported SCRAM mechanism. */
export type ScramHash = 'SHA-1' | 'SHA-256';

const nodeNames = { 'SHA-1': 'sha1', 'SHA-256': 'sha256' } as const;
const hashBytes = { 'SHA-1': 20, 'SHA-256': 32 } as const;

/**
 * Derives the keys that a server stores for SCRAM (RFC 5802 §3), off the event loop.
 * `password` is prepared here. @throws Error for iterations below 1.
 */
export async function deriveScramKeys(
  password: string,
  salt: Uint8Array,
  iterations: number,
  hash: ScramHash,
): Promise<ScramKeys> {
  const prepared = prepareScramPassword(password);
  const salted = await new Promise<Uint8Array>((resolve, reject) => {
    pbkdf2(prepared, salt, iterations, hashBytes[hash], nodeNames[hash], (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
  const { storedKey, serverKey } = keysFromSalted(salted, hash);
  return { salt, iterations, storedKey, serverKey };
}

/** Keys that a client needs for one exchange (RFC 5802 §3). */
export interface ScramClientKeys {
  readonly clientKey: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Derives the keys of a client synchronously, because its steps cannot wait: some milliseconds for 4096 iterations. */
export function clientScramKeys(
  password: string,
  salt: Uint8Array,
  iterations: number,
  hash: ScramHash,
): ScramClientKeys {
  return keysFromSalted(
    pbkdf2Sync(prepareScramPassword(password), salt, iterations, hashBytes[hash], nodeNames[hash]),
    hash,
  );
}

function keysFromSalted(salted: Uint8Array, hash: ScramHash): ScramClientKeys {
  const clientKey = hmac(hash, salted, 'Client Key');
  return { clientKey, storedKey: digest(hash, clientKey), serverKey: hmac(hash, salted, 'Server Key') };
}

/** Computes HMAC(key, str) of RFC 5802 §2.2. */
export function hmac(hash: ScramHash, key: Uint8Array, text: string): Uint8Array {
  return createHmac(nodeNames[hash], key).update(text).digest();
}

/** Computes H(str) of RFC 5802 §2.2. */
export function digest(hash: ScramHash, bytes: Uint8Array): Uint8Array {
  return createHash(nodeNames[hash]).update(bytes).digest();
}

/** Returns the exclusive-or of two arrays of equal length. */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}
