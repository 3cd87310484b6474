import * as crypto from 'node:crypto';
import { encodeBase64Text, parseBase64 } from '#lib/codecs';
import type { AuthLimits } from './limits.ts';

/** Parameters of scrypt (RFC 7914 §2) where argon2 is missing: 16 MiB and about as slow. */
const scryptCost = { N: 16_384, r: 8, p: 1 } as const;
const hashBytes = 32;

/**
 * Slow hashes of passwords, off the event loop and few at a time: argon2id (RFC 9106) where the runtime has it, else scrypt.
 * Both kinds can be checked wherever their algorithm exists.
 */
export class PasswordHasher {
  readonly #limits: AuthLimits;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: AuthLimits) {
    this.#limits = limits;
  }

  /** The hash as a PHC string. @throws Error when too many wait already. */
  async hash(password: string, salt: Uint8Array): Promise<string> {
    if (typeof crypto.argon2 === 'function') {
      const { argon2MemoryKiB: memory, argon2Passes: passes } = this.#limits;
      const tag = await this.#inTurn(() => argon2id(password, salt, memory, passes));
      return `$argon2id$v=19$m=${memory},t=${passes},p=1$${base64(salt)}$${base64(tag)}`;
    }
    const { N, r, p } = scryptCost;
    const tag = await this.#inTurn(() => scrypt(password, salt, N, r, p));
    return `$scrypt$ln=${Math.log2(N)},r=${r},p=${p}$${base64(salt)}$${base64(tag)}`;
  }

  /** Whether the password has that hash, compared in constant time. @throws Error for a hash that this runtime cannot compute, or when too many wait. */
  async verify(password: string, phc: string): Promise<boolean> {
    const argon = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/.exec(phc);
    if (argon !== null) {
      const [, memory, passes, salt = '', tag = ''] = argon;
      const compute = (): Promise<Uint8Array> => argon2id(password, bytesOf(salt), Number(memory), Number(passes));
      return crypto.timingSafeEqual(await this.#inTurn(compute), bytesOf(tag));
    }
    const [, ln, r, p, salt, tag] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(phc) ?? [];
    if (salt === undefined || tag === undefined) throw new Error('bad stored password hash');
    const compute = (): Promise<Uint8Array> => scrypt(password, bytesOf(salt), 2 ** Number(ln), Number(r), Number(p));
    return crypto.timingSafeEqual(await this.#inTurn(compute), bytesOf(tag));
  }

  async #inTurn<T>(compute: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.maxConcurrentHashes) {
      if (this.#waiting.length >= this.#limits.maxWaitingHashes) throw new Error('too many logins at once');
      await new Promise<void>((go) => this.#waiting.push(go));
    } else this.#running += 1;
    try {
      return await compute();
    } finally {
      // A waiting one takes over this one's place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

function argon2id(password: string, nonce: Uint8Array, memory: number, passes: number): Promise<Uint8Array> {
  const parameters = { message: password, nonce, parallelism: 1, tagLength: hashBytes, memory, passes };
  return new Promise((resolve, reject) => {
    crypto.argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  });
}

function scrypt(password: string, salt: Uint8Array, N: number, r: number, p: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    crypto.scrypt(password, salt, hashBytes, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function base64(bytes: Uint8Array): string {
  return encodeBase64Text(bytes).replace(/=+$/, '');
}

function bytesOf(unpadded: string): Uint8Array {
  const bytes = parseBase64(unpadded.padEnd(Math.ceil(unpadded.length / 4) * 4, '='));
  if (!bytes.ok) throw new Error('bad stored password hash');
  return bytes.value;
}
