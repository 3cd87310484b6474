import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { accountId } from '#lib/ids';
import type { ConditionError } from '#ports/conditions';
import { searchIndexContract } from '#ports/search-index.contract';
import type { SearchIndex, WordPattern } from '#ports/search-index';
import { FakeClock } from '#testing/fake-clock';
import { tempDir } from '#testing/temp-dir';
import { FileSearchIndexes, searchIndexLimits } from './index.ts';

interface World extends AsyncDisposable {
  readonly indexes: FileSearchIndexes;
  readonly index: SearchIndex;
  readonly clock: FakeClock;
  readonly path: string;
  readonly noted: string[];
}

async function world(limits = searchIndexLimits): Promise<World> {
  const dir = await tempDir();
  const clock = new FakeClock();
  const noted: string[] = [];
  const conditions = { note: (error: ConditionError) => void noted.push(`${error.kind}: ${error.message}`) };
  const pathOf = (id: number): string => join(dir.path, `${id}.db`);
  const indexes = new FileSearchIndexes({ pathOf, clock, conditions, limits });
  return {
    indexes,
    index: indexes.index(accountId(1)),
    clock,
    path: pathOf(1),
    noted,
    async [Symbol.asyncDispose]() {
      await indexes[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

searchIndexContract('FileSearchIndexes', async () => {
  const { indexes, [Symbol.asyncDispose]: dispose } = await world();
  return { index: (id) => indexes.index(id), [Symbol.asyncDispose]: dispose };
});

const ebra: WordPattern = { kind: 'inside', text: 'ebra' };
const positionAt = (lastId: number) => ({ lastId, modSeq: 1, stamp: '' });

async function idsOf(index: SearchIndex, pattern: WordPattern): Promise<number[] | null> {
  const matches = await index.find([pattern], 0, Number.MAX_SAFE_INTEGER);
  return matches === null ? null : [...matches.ids];
}

test('FileSearchIndexes keeps what was written, and its thread ends when nothing is asked', async () => {
  await using w = await world();
  await w.index.write({ added: [{ id: 1, words: 'zebra' }], removed: [], position: positionAt(1) });
  await w.clock.advance(searchIndexLimits.idleMs);
  assert.deepEqual(await idsOf(w.index, ebra), [1]);
  await w.indexes[Symbol.asyncDispose]();
  assert.equal((await stat(w.path)).mode & 0o077, 0, 'nobody else may read it');
  assert.deepEqual(await idsOf(w.index, ebra), [1]);
});

test('FileSearchIndexes: looks make no file, and files beyond the limit are closed and opened again', async () => {
  await using w = await world({ ...searchIndexLimits, maxOpen: 2 });
  assert.equal(await w.index.position(), null);
  await assert.rejects(stat(w.path));
  for (const id of [1, 2, 3, 1, 2, 3]) {
    const index = w.indexes.index(accountId(id));
    const lastId = ((await index.position())?.lastId ?? 0) + 1;
    await index.write({ added: [{ id: lastId, words: `zebra ${id}` }], removed: [], position: positionAt(lastId) });
  }
  for (const id of [3, 2, 1]) assert.deepEqual(await idsOf(w.indexes.index(accountId(id)), ebra), [1, 2]);
});

test('FileSearchIndexes: words of many documents fill several rows, and a pattern for too many does not narrow', async () => {
  await using w = await world({ ...searchIndexLimits, maxWords: 150 });
  const added = Array.from({ length: 300 }, (_, i) => ({
    id: i + 1,
    words: `${Array.from({ length: 80 }, (_unused, k) => `word${i * 80 + k}end`).join(' ')} common`,
  }));
  await w.index.write({ added, removed: [], position: positionAt(300) });
  assert.deepEqual(await idsOf(w.index, { kind: 'inside', text: '23999end' }), [300]);
  assert.deepEqual(await idsOf(w.index, { kind: 'beginning', text: 'word23' }), null);
  assert.deepEqual(await idsOf(w.index, { kind: 'beginning', text: 'word239' }), [3, 30, 299, 300]);
  assert.equal(await w.index.find([{ kind: 'beginning', text: 'word239' }], 0, 200), null, 'few are read sooner');
  const both = await w.index.find(
    [
      { kind: 'inside', text: 'word' },
      { kind: 'whole', text: 'word7end' },
    ],
    0,
    400,
  );
  assert.deepEqual([...(both?.ids ?? [])], [1], 'one that narrows is enough');
  assert.equal((await idsOf(w.index, { kind: 'inside', text: 'ommo' }))?.length, 300);
});

for (const [what, damage] of [
  ['no database', (path: string) => writeFile(path, 'x'.repeat(5000))],
  [
    'a damaged page',
    async (path: string) => {
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0x55, 4096, bytes.length));
    },
  ],
  [
    'a database of another form',
    (path: string) => {
      using database = new DatabaseSync(path);
      database.exec('PRAGMA user_version = 99');
      return Promise.resolve();
    },
  ],
] as const) {
  test(`FileSearchIndexes drops a file that is ${what}, reports it and goes on`, async () => {
    await using w = await world();
    await w.index.write({ added: [{ id: 1, words: 'zebra' }], removed: [], position: positionAt(1) });
    await w.indexes[Symbol.asyncDispose]();
    await damage(w.path);
    assert.equal(await idsOf(w.index, ebra), null);
    assert.equal(w.noted.length, 1);
    assert.match(w.noted[0] ?? '', /^damaged: the search index .* was damaged/);
    assert.equal(await w.index.position(), null);
    await w.index.write({ added: [{ id: 2, words: 'zebra' }], removed: [], position: positionAt(2) });
    assert.deepEqual(await idsOf(w.index, ebra), [2]);
  });
}
