import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accountId } from '#lib/ids';
import type { IndexPosition, SearchIndex, SearchIndexes, WordPattern } from './search-index.ts';

const account = accountId(1);
const all = [0, Number.MAX_SAFE_INTEGER] as const;

function positionAt(lastId: number, modSeq = 1): IndexPosition {
  return { lastId, modSeq, stamp: `stamp ${lastId}` };
}

async function found(index: SearchIndex, ...patterns: readonly WordPattern[]): Promise<number[] | null> {
  const matches = await index.find(patterns, ...all);
  return matches === null ? null : [...matches.ids];
}

/** Tests what all `SearchIndexes` must do; `name` begins the titles. `open` gives empty ones, which the test disposes. */
export function searchIndexContract(name: string, open: () => Promise<SearchIndexes>): void {
  const whole = (text: string): WordPattern => ({ kind: 'whole', text });

  test(`${name}: an index is empty until something is written, and after it was dropped`, async () => {
    await using indexes = await open();
    const index = indexes.index(account);
    const isEmpty = async (): Promise<void> => {
      assert.equal(await index.position(), null);
      assert.equal(await index.facts(), null);
      assert.equal(await index.find([whole('word')], ...all), null);
    };
    await isEmpty();
    await index.write({ added: [{ id: 7, words: 'word' }], removed: [], position: positionAt(7) });
    assert.deepEqual(await index.position(), positionAt(7));
    assert.equal((await index.facts())?.documents, 1);
    assert.equal(await indexes.index(accountId(2)).position(), null, 'each account has its own');
    await index.drop();
    await isEmpty();
    await index.write({ added: [{ id: 8, words: 'word' }], removed: [], position: positionAt(8) });
    assert.deepEqual(await found(index, whole('word')), [8]);
  });

  test(`${name}: find finds whole words and pieces of words, in all documents or a range of them`, async () => {
    await using indexes = await open();
    const index = indexes.index(accountId(3));
    const added = [
      { id: 1, words: 'zebra crossing 2026' },
      { id: 2, words: 'zebras naïve 日本 本語' },
      { id: 5, words: 'crossing zeb stra\u00dfe a\u0301' },
      { id: 2 ** 40, words: '' },
    ];
    await index.write({ added, removed: [], position: positionAt(2 ** 40, 9) });
    for (const [patterns, ids] of [
      [[whole('zebra')], [1]],
      [[whole('zeb')], [5]],
      [[{ kind: 'beginning', text: 'zeb' }], [1, 2, 5]],
      [[{ kind: 'end', text: 'ra' }], [1]],
      [[{ kind: 'end', text: 'crossing' }], [1, 5]],
      [[{ kind: 'inside', text: 'ebra' }], [1, 2]],
      [[{ kind: 'inside', text: 'ebra' }, whole('crossing')], [1]],
      [[{ kind: 'inside', text: 'aß' }], [5]],
      [[whole('日本')], [2]],
      [[{ kind: 'inside', text: '本' }], [2]],
      [[whole('日語')], []],
      [[{ kind: 'inside', text: '02' }], [1]],
      [[whole('nothing'), { kind: 'inside', text: 'e' }], []],
    ] as const)
      assert.deepEqual(await found(index, ...patterns), ids, JSON.stringify(patterns));
    const ranged = await index.find([{ kind: 'beginning', text: 'zeb' }], 2, 4);
    assert.deepEqual(ranged, { lastId: 2 ** 40, ids: Float64Array.of(2) });
  });

  test(`${name}: what is removed is found no more, and a document whose words are not known always is`, async () => {
    await using indexes = await open();
    const index = indexes.index(account);
    const added = [
      { id: 1, words: 'one' },
      { id: 2, words: null },
      { id: 3, words: 'one two' },
    ];
    await index.write({ added, removed: [], position: positionAt(3) });
    assert.deepEqual(await found(index, whole('one')), [1, 2, 3]);
    assert.deepEqual(await found(index, whole('none')), [2]);
    await index.write({ added: [], removed: [1, 99], position: positionAt(3, 2) });
    assert.deepEqual(await found(index, whole('one')), [2, 3]);
    await index.write({ added: [{ id: 4, words: 'one' }], removed: [2, 3], position: positionAt(4, 3) });
    assert.deepEqual(await found(index, whole('one')), [4]);
    assert.deepEqual(await found(index, whole('two')), []);
    assert.deepEqual(await index.position(), positionAt(4, 3));
    assert.ok(((await index.facts())?.sizeBytes ?? 0) > 0);
  });

  propertyContract(name, open);
}

/** Compares with a naive search. */
function propertyContract(name: string, open: () => Promise<SearchIndexes>): void {
  const whole = (text: string): WordPattern => ({ kind: 'whole', text });

  test(`${name}: a document that is written again, after a position was lost, is there once`, async () => {
    await using indexes = await open();
    const index = indexes.index(account);
    for (const words of ['before', 'after'])
      await index.write({ added: [{ id: 1, words }], removed: [], position: positionAt(1) });
    assert.deepEqual(await found(index, whole('after')), [1]);
    assert.deepEqual(await found(index, whole('before')), []);
  });

  test(`${name}: find finds what a search through all words finds, or says that it cannot`, async () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('abcé日本語0')), minLength: 1, maxLength: 6 });
    const kinds = ['whole', 'beginning', 'end', 'inside'] as const;
    const pattern = fc.record({ kind: fc.constantFrom(...kinds), text });
    const documents = fc.array(fc.uniqueArray(text, { maxLength: 8 }), { maxLength: 12 });
    await using indexes = await open();
    const index = indexes.index(account);
    const hasWord = (words: readonly string[], { kind, text: part }: WordPattern): boolean =>
      words.some((word) => {
        if (kind === 'whole') return word === part;
        return kind === 'beginning'
          ? word.startsWith(part)
          : kind === 'end'
            ? word.endsWith(part)
            : word.includes(part);
      });
    const isRight = async (all: string[][], patterns: WordPattern[]): Promise<void> => {
      await index.drop();
      const added = all.map((words, i) => ({ id: 3 * i + 1, words: words.join(' ') }));
      for (const document of added)
        await index.write({ added: [document], removed: [], position: positionAt(document.id) });
      const ids = await found(index, ...patterns);
      const naive = all.flatMap((words, i) => (patterns.every((one) => hasWord(words, one)) ? [3 * i + 1] : []));
      if (ids !== null) assert.deepEqual(ids, naive);
      else assert.ok(all.length === 0);
    };
    await fc.assert(fc.asyncProperty(documents, fc.array(pattern, { minLength: 1, maxLength: 3 }), isRight), {
      seed: 20261129,
      numRuns: 40,
    });
  });
}
