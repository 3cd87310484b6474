import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directHash } from '#testing/direct-hash';
import { JobThread, threadedSlowHash } from './index.ts';

const salt = new Uint8Array(16).fill(7);

test('threadedSlowHash computes what the runtime computes', async () => {
  await using hash = threadedSlowHash();
  const scrypt = { N: 16, r: 8, p: 1 };
  assert.deepEqual(await hash.scrypt('secret', salt, scrypt), await directHash.scrypt('secret', salt, scrypt));
  if (!hash.hasArgon2) return;
  const argon2 = { memoryKiB: 64, passes: 1 };
  const [one, two] = await Promise.all([hash.argon2id('a', salt, argon2), hash.argon2id('b', salt, argon2)]);
  assert.deepEqual(one, await directHash.argon2id('a', salt, argon2));
  assert.notDeepEqual(one, two);
});

test('threadedSlowHash rejects what cannot be computed, and goes on', async () => {
  await using hash = threadedSlowHash();
  await assert.rejects(hash.scrypt('secret', salt, { N: 3, r: 8, p: 1 }));
  assert.equal((await hash.scrypt('secret', salt, { N: 16, r: 8, p: 1 })).length, 32);
});

test('JobThread.close fails what still waits, and a later job gets a new thread', async () => {
  await using hash = threadedSlowHash();
  const slow = hash.scrypt('secret', salt, { N: 2 ** 15, r: 8, p: 1 });
  const failing = assert.rejects(slow, /the thread ended/);
  await hash[Symbol.asyncDispose]();
  await failing;
  assert.equal((await hash.scrypt('secret', salt, { N: 16, r: 8, p: 1 })).length, 32);
});

test('JobThread tells when its file cannot be loaded', async () => {
  const thread = new JobThread(new URL('./nothing-here.mjs', import.meta.url), { maxHeapMb: 8 });
  await assert.rejects(thread.run({}));
  await thread.close();
});
