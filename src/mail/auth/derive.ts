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

/** Salt and iteration count of SCRAM-SHA-1 and SCRAM-SHA-256, each as in their stored form. */
export type ScramSalts = readonly [sha1: string, sha256: string];

/** Returns the salts of stored keys. */
export function saltsOf(keys: Pick<DerivedSecrets, 'scramSha1' | 'scramSha256'>): ScramSalts {
  return [saltTextOf(keys.scramSha1), saltTextOf(keys.scramSha256)];
}

function saltTextOf(stored: string): string {
  return stored.split('$')[1] ?? '';
}

/** Derives the SCRAM keys of a password. @param salts  To use those of other passwords; null for new ones. */
export async function deriveScram(
  password: string,
  random: Random,
  { scramIterations }: AuthLimits,
  salts: ScramSalts | null,
): Promise<Pick<DerivedSecrets, 'scramSha1' | 'scramSha256'>> {
  const derive = async (hash: 'SHA-1' | 'SHA-256', salt: string | undefined): Promise<string> => {
    const [iterations = '', saltText = ''] = salt?.split(':') ?? [];
    const keys =
      salt === undefined
        ? await deriveScramKeys(password, random.bytes(16), scramIterations, hash)
        : await deriveScramKeys(password, bytesOf(saltText), Number(iterations), hash);
    return writeScram(`SCRAM-${hash}`, keys);
  };
  return { scramSha1: await derive('SHA-1', salts?.[0]), scramSha256: await derive('SHA-256', salts?.[1]) };
}

/** Derives what is stored for a password. @param salts  Of the account's other passwords; null when it has none. @throws PasswordRefusal when it is too short, too long, or has characters that cannot be typed. */
export async function deriveSecrets(
  password: string,
  hasher: PasswordHasher,
  random: Random,
  limits: AuthLimits,
  salts: ScramSalts | null = null,
): Promise<DerivedSecrets> {
  const prepared = preparePassword(password);
  if (prepared === null) throw new PasswordRefusal('password is empty or has control characters');
  if (prepared.length < limits.minPasswordLength) {
    throw new PasswordRefusal(`password must have at least ${limits.minPasswordLength} characters`);
  }
  if (prepared.length > limits.maxPasswordLength) throw new PasswordRefusal('password is too long');
  return {
    passwordHash: await hasher.hash(prepared, random.bytes(16)),
    ...(await deriveScram(password, random, limits, salts)),
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
