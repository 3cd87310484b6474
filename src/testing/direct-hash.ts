import * as crypto from 'node:crypto';
import type { SlowHash } from '#ports/slow-hash';

const hashBytes = 32;

/** Hashes at once, on the event loop: for tests, with small costs. */
export const directHash: SlowHash = {
  hasArgon2: typeof crypto.argon2Sync === 'function',
  argon2id: async (message, nonce, { memoryKiB: memory, passes }) =>
    new Uint8Array(
      crypto.argon2Sync('argon2id', { message, nonce, parallelism: 1, tagLength: hashBytes, memory, passes }),
    ),
  scrypt: async (password, salt, { N, r, p }) =>
    new Uint8Array(crypto.scryptSync(password, salt, hashBytes, { N, r, p, maxmem: 256 * N * r })),
};
