import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#host/clock';
import { FileSearchIndexes } from '#host/search-index';
import { accountId } from '#lib/ids';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { documentOf, removedWith } from './index-documents.ts';

const program = fileURLToPath(new URL('index-process.ts', import.meta.url));

/** Runs the program, and kills it somewhere after so many batches. @returns the last document that it said was stored. */
async function killedAfter(path: string, batches: number): Promise<number> {
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  let count = 0;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    count += 1;
    if (count === batches) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return last;
}

/** Compares an index with the documents up to its position. */
async function verify(path: string, stored: number): Promise<void> {
  await using indexes = new FileSearchIndexes({ pathOf: () => path, clock: systemClock });
  const index = indexes.index(accountId(1));
  const lastId = (await index.position())?.lastId ?? 0;
  assert.ok(lastId >= stored, `${lastId} of ${stored} documents that were stored`);
  const numbers = Array.from({ length: lastId }, (_, i) => i + 1);
  const removed = new Set(numbers.flatMap(removedWith));
  const alive = numbers.filter((id) => !removed.has(id));
  const found = async (kind: 'whole' | 'inside', text: string): Promise<number[]> => [
    ...((await index.find([{ kind, text }], 0, Number.MAX_SAFE_INTEGER))?.ids ?? []),
  ];
  for (const n of [0, 17, 399]) {
    const want = alive.filter((id) => documentOf(id).words?.split(' ').includes(`word${n}`));
    assert.deepEqual(await found('whole', `word${n}`), want);
  }
  for (const id of [1, alive.at(-1) ?? 0, alive[alive.length >> 1] ?? 0])
    assert.deepEqual(
      await found('inside', `nly${id}her`),
      [id].filter((one) => !removed.has(one)),
    );
  assert.deepEqual(await found('inside', `only${lastId + 1}here`), []);
  assert.equal((await index.facts())?.documents, alive.length);
}

test('a search index whose process is killed while it is fed has all of the batches up to its position, and nothing else', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'search.db');
  const random = seededNumbers(20261129);
  for (let run = 0; run < 5; run += 1) {
    const stored = await killedAfter(path, 1 + Math.floor(random() * 40));
    await verify(path, stored);
  }
});
