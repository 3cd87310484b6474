import { encodeBase64Text, parseBase64 } from '#lib/codecs';
import { deriveScramKeys, preparePassword, type ScramKeys } from '#lib/sasl';
import type { Random } from '#ports/random';
import { cramMd5States } from './cram-md5.ts';
import type { AuthLimits } from './limits.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** A password that cannot be set; `message` is for people. */
export class PasswordRefusal extends Error {
  override readonly name = 'PasswordRefusal';
}

/** Everything that is stored for one password. */
export interface DerivedSecrets {
  /** PHC string: `$argon2id$…` or `$scrypt$…`. */
  readonly passwordHash: string;
  /** `SCRAM-SHA-1$iterations:salt$storedKey:serverKey` (RFC 5803 §2). */
  readonly scramSha1: string;
  /** As `scramSha1`, with `SCRAM-SHA-256`. */
  readonly scramSha256: string;
  /** See `cramMd5States`. */
  readonly cramMd5: Uint8Array;
}

/** Derives what is stored for a password. @throws PasswordRefusal when it is too short, too long, or has characters that cannot be typed. */
export async function deriveSecrets(
  password: string,
  hasher: PasswordHasher,
  random: Random,
  limits: AuthLimits,
): Promise<DerivedSecrets> {
  const prepared = preparePassword(password);
  if (prepared === null) throw new PasswordRefusal('password is empty or has control characters');
  if (prepared.length < limits.minPasswordLength) {
    throw new PasswordRefusal(`password must have at least ${limits.minPasswordLength} characters`);
  }
  if (prepared.length > limits.maxPasswordLength) throw new PasswordRefusal('password is too long');
  const iterations = limits.scramIterations;
  return {
    passwordHash: await hasher.hash(prepared, random.bytes(16)),
    scramSha1: writeScram('SCRAM-SHA-1', await deriveScramKeys(password, random.bytes(16), iterations, 'SHA-1')),
    scramSha256: writeScram('SCRAM-SHA-256', await deriveScramKeys(password, random.bytes(16), iterations, 'SHA-256')),
    cramMd5: cramMd5States(prepared),
  };
}

function writeScram(scheme: string, { salt, iterations, storedKey, serverKey }: ScramKeys): string {
  const [saltText, stored, server] = [salt, storedKey, serverKey].map((bytes) => encodeBase64Text(bytes));
  return `${scheme}$${iterations}:${saltText}$${stored}:${server}`;
}

/** Reads SCRAM keys that `deriveSecrets` wrote. @throws Error for anything else. */
export function readScram(text: string): ScramKeys {
  const [, iterations, salt, storedKey, serverKey] =
    /^SCRAM-SHA-(?:1|256)\$(\d+):([^$:]+)\$([^$:]+):([^$:]+)$/.exec(text) ?? [];
  if (iterations === undefined || salt === undefined || storedKey === undefined || serverKey === undefined) {
    throw new Error('bad stored SCRAM keys');
  }
  return {
    iterations: Number(iterations),
    salt: bytesOf(salt),
    storedKey: bytesOf(storedKey),
    serverKey: bytesOf(serverKey),
  };
}

function bytesOf(base64: string): Uint8Array {
  const bytes = parseBase64(base64);
  if (!bytes.ok) throw new Error('bad stored SCRAM keys');
  return bytes.value;
}
