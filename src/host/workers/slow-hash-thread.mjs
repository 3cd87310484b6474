// The thread of threadedSlowHash: one hash at a time, so that their memory is one hash's memory.
import * as crypto from 'node:crypto';
import { parentPort } from 'node:worker_threads';

const hashBytes = 32;

parentPort?.on('message', ({ id, job }) => {
  try {
    parentPort?.postMessage({ id, result: compute(job) });
  } catch (error) {
    parentPort?.postMessage({ id, failure: error instanceof Error ? error.message : String(error) });
  }
});

function compute({ kind, password, salt, cost }) {
  if (kind === 'scrypt') {
    const { N, r, p } = cost;
    return new Uint8Array(crypto.scryptSync(password, salt, hashBytes, { N, r, p, maxmem: 256 * N * r }));
  }
  const { memoryKiB, passes } = cost;
  const parameters = {
    message: password,
    nonce: salt,
    parallelism: 1,
    tagLength: hashBytes,
    memory: memoryKiB,
    passes,
  };
  return new Uint8Array(crypto.argon2Sync('argon2id', parameters));
}
