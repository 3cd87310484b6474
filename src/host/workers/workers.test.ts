import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { ConditionError } from '#ports/conditions';
import { slowHashContract } from '#ports/slow-hash.contract';
import { tempDir } from '#testing/temp-dir';
import { threadedSlowHash } from './index.ts';
import { JobThread } from './job-thread.ts';

const salt = new Uint8Array(16).fill(7);

slowHashContract('threadedSlowHash', () => {
  const hash = threadedSlowHash();
  return { hash, [Symbol.asyncDispose]: () => hash[Symbol.asyncDispose]() };
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

/** A file of a thread whose first `deaths` threads die of their first job. */
async function dyingThread(folder: string, deaths: number): Promise<URL> {
  const path = join(folder, 'thread.mjs');
  await writeFile(
    path,
    `import { parentPort } from 'node:worker_threads';
import { appendFileSync, readFileSync } from 'node:fs';
parentPort.on('message', ({ id, job }) => {
  if (job === 'die') {
    appendFileSync(${JSON.stringify(join(folder, 'deaths'))}, 'x');
    if (readFileSync(${JSON.stringify(join(folder, 'deaths'))}).length <= ${deaths}) throw new Error('died');
  }
  parentPort.postMessage({ id, result: job });
});
`,
  );
  return pathToFileURL(path);
}

for (const [deaths, wants] of [
  [1, ['die', 'a', 'b']],
  [2, ['overloaded', 'a', 'b']],
] as const) {
  test(`JobThread: after ${deaths} deaths of one job, ${wants[0] === 'die' ? 'all are' : 'the others are'} done`, async () => {
    await using dir = await tempDir();
    const noted: string[] = [];
    const conditions = { note: (error: ConditionError) => void noted.push(error.message) };
    const thread = new JobThread<string, string>(await dyingThread(dir.path, deaths), { maxHeapMb: 16 }, conditions);
    const results = await Promise.allSettled([thread.run('die'), thread.run('a'), thread.run('b')]);
    assert.deepEqual(
      results.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as ConditionError).kind)),
      wants,
    );
    assert.deepEqual(
      noted,
      Array.from({ length: deaths }, () => 'a worker thread died: died'),
    );
    assert.equal(await thread.run('later'), 'later');
    await thread.close();
  });
}
