import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlowHash } from './slow-hash.ts';

/** A `SlowHash` for one test; disposing it cleans up. */
export interface OpenedHash extends AsyncDisposable {
  readonly hash: SlowHash;
}

const salt = new Uint8Array(16).fill(7);
const scryptCost = { N: 16, r: 8, p: 1 };
const argon2Cost = { memoryKiB: 64, passes: 1 };

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Tests what every `SlowHash` must do; `name` begins the titles. */
export function slowHashContract(name: string, open: () => OpenedHash): void {
  test(`${name}: scrypt gives the vector of RFC 7914 §12`, async () => {
    await using opened = open();
    const hashed = await opened.hash.scrypt('', new Uint8Array(0), { N: 16, r: 1, p: 1 });
    assert.ok(hashed instanceof Uint8Array);
    assert.equal(hexOf(hashed), '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442');
  });

  test(`${name}: every argument of scrypt counts, and the same give the same`, async () => {
    await using opened = open();
    const { hash } = opened;
    const hashes = await Promise.all([
      hash.scrypt('secret', salt, scryptCost),
      hash.scrypt('Secret', salt, scryptCost),
      hash.scrypt('secret', salt.subarray(1), scryptCost),
      hash.scrypt('secret', salt, { ...scryptCost, N: 32 }),
      hash.scrypt('secret', salt, { ...scryptCost, r: 4 }),
      hash.scrypt('secret', salt, { ...scryptCost, p: 2 }),
      hash.scrypt('pässwörd', salt, scryptCost),
      hash.scrypt('secret', salt, scryptCost),
    ]);
    assert.deepEqual(hashes[0], hashes.at(-1));
    assert.equal(new Set(hashes.map((bytes) => hexOf(bytes))).size, hashes.length - 1);
    for (const bytes of hashes) assert.equal(bytes.length, 32);
    assert.deepEqual(salt, new Uint8Array(16).fill(7), 'the salt stays with the caller');
  });

  test(`${name}: argon2id where the runtime has it, otherwise a rejection`, async () => {
    await using opened = open();
    const { hash } = opened;
    if (!hash.hasArgon2) {
      await assert.rejects(hash.argon2id('a', salt, argon2Cost));
      return;
    }
    const hashes = await Promise.all([
      hash.argon2id('a', salt, argon2Cost),
      hash.argon2id('b', salt, argon2Cost),
      hash.argon2id('a', salt.subarray(4), argon2Cost),
      hash.argon2id('a', salt, { ...argon2Cost, memoryKiB: 128 }),
      hash.argon2id('a', salt, { ...argon2Cost, passes: 2 }),
      hash.argon2id('a', salt, argon2Cost),
    ]);
    assert.deepEqual(hashes[0], hashes.at(-1));
    assert.equal(new Set(hashes.map((bytes) => hexOf(bytes))).size, hashes.length - 1);
    for (const bytes of hashes) assert.equal(bytes.length, 32);
  });

  test(`${name}: what cannot be computed is a rejection, and the next hash is made`, async () => {
    await using opened = open();
    const { hash } = opened;
    const bad = [hash.scrypt('secret', salt, { ...scryptCost, N: 3 })];
    if (hash.hasArgon2) bad.push(hash.argon2id('secret', salt, { memoryKiB: 1, passes: 1 }));
    for (const rejecting of bad) await assert.rejects(rejecting, Error);
    assert.equal((await hash.scrypt('secret', salt, scryptCost)).length, 32);
  });
}
