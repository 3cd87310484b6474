import { timingSafeEqual } from 'node:crypto';
import { encodeBase64Text, parseBase64 } from '#lib/codecs';
import { LoginsBusy } from '#lib/sasl';
import { ConditionError, ignoreConditions, type ConditionSink } from '#ports/conditions';
import type { SlowHash } from '#ports/slow-hash';
import type { AuthLimits } from './limits.ts';

/** Parameters of scrypt (RFC 7914 §2) for runtimes without argon2: 16 MiB and about as slow. */
const scryptCost = { N: 16_384, r: 8, p: 1 } as const;

/**
 * Slow hashes of passwords: argon2id (RFC 9106 §4) where the runtime has it, otherwise scrypt. Hashes of both kinds can be verified wherever the
 * runtime has the algorithm.
 */
export class PasswordHasher {
  readonly #hash: SlowHash;
  readonly #limits: AuthLimits;
  readonly #conditions: ConditionSink;
  #waiting = 0;

  constructor(hash: SlowHash, limits: AuthLimits, conditions: ConditionSink = ignoreConditions) {
    this.#hash = hash;
    this.#limits = limits;
    this.#conditions = conditions;
  }

  /** Returns the hash as a PHC string. @throws LoginsBusy when too many hashes wait already. */
  async hash(password: string, salt: Uint8Array): Promise<string> {
    if (this.#hash.hasArgon2) {
      const { argon2MemoryKiB: memoryKiB, argon2Passes: passes } = this.#limits;
      const tag = await this.#counted(() => this.#hash.argon2id(password, salt, { memoryKiB, passes }));
      return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=1$${base64(salt)}$${base64(tag)}`;
    }
    const { N, r, p } = scryptCost;
    const tag = await this.#counted(() => this.#hash.scrypt(password, salt, { N, r, p }));
    return `$scrypt$ln=${Math.log2(N)},r=${r},p=${p}$${base64(salt)}$${base64(tag)}`;
  }

  /** Reports whether the password has that hash, in constant time. @throws LoginsBusy when too many hashes wait already; Error for an unsupported hash. */
  async verify(password: string, phc: string): Promise<boolean> {
    const argon = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/.exec(phc);
    if (argon !== null) {
      const [, memory, passes, salt = '', tag = ''] = argon;
      const cost = { memoryKiB: Number(memory), passes: Number(passes) };
      return timingSafeEqual(
        await this.#counted(() => this.#hash.argon2id(password, bytesOf(salt), cost)),
        bytesOf(tag),
      );
    }
    const [, ln, r, p, salt, tag] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(phc) ?? [];
    if (salt === undefined || tag === undefined) throw new Error('bad stored password hash');
    const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
    return timingSafeEqual(await this.#counted(() => this.#hash.scrypt(password, bytesOf(salt), cost)), bytesOf(tag));
  }

  async #counted<T>(compute: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#limits.maxWaitingHashes) {
      const error = new LoginsBusy('too many logins at once');
      this.#conditions.note(new ConditionError('overloaded', 'logins', { message: error.message, cause: error }));
      throw error;
    }
    this.#waiting += 1;
    try {
      return await compute();
    } finally {
      this.#waiting -= 1;
    }
  }
}

function base64(bytes: Uint8Array): string {
  return encodeBase64Text(bytes).replace(/=+$/, '');
}

function bytesOf(unpadded: string): Uint8Array {
  const bytes = parseBase64(unpadded.padEnd(Math.ceil(unpadded.length / 4) * 4, '='));
  if (!bytes.ok) throw new Error('bad stored password hash');
  return bytes.value;
}
