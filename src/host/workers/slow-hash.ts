import * as crypto from 'node:crypto';
import { ignoreConditions, type ConditionSink } from '#ports/conditions';
import type { Argon2Cost, ScryptCost, SlowHash } from '#ports/slow-hash';
import { JobThread } from './job-thread.ts';

type Job =
  | { readonly kind: 'argon2id'; readonly password: string; readonly salt: Uint8Array; readonly cost: Argon2Cost }
  | { readonly kind: 'scrypt'; readonly password: string; readonly salt: Uint8Array; readonly cost: ScryptCost };

/** A `SlowHash` with a thread of its own; closing ends the thread. */
export interface ThreadedSlowHash extends SlowHash, AsyncDisposable {}

/**
 * Hashes in one thread, whose death is noted in `conditions`, one after the other. In the shared pool each of its threads would in time keep the memory of a hash (the C library
 * does not give it back), and a burst of logins would hold up file syncs.
 */
export function threadedSlowHash(conditions: ConditionSink = ignoreConditions): ThreadedSlowHash {
  const file = new URL('./slow-hash-thread.mjs', import.meta.url);
  const thread = new JobThread<Job, Uint8Array>(file, { maxHeapMb: 16 }, conditions);
  return {
    hasArgon2: typeof crypto.argon2Sync === 'function',
    argon2id: (password, salt, cost) => thread.run({ kind: 'argon2id', password, salt, cost }),
    scrypt: (password, salt, cost) => thread.run({ kind: 'scrypt', password, salt, cost }),
    [Symbol.asyncDispose]: () => thread.close(),
  };
}
