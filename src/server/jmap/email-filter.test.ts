import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import type { JsonObject } from '#lib/jmap';
import { FakeLoop } from '#testing/fake-loop';
import { JmapClient } from '#testing/jmap-client';
import { MemorySearchIndexes } from '#testing/memory-search-indexes';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

const count = 700;
const attached =
  '--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="zebra.pdf"\r\n\r\nx\r\n--b--\r\n';

/** Fills two mailboxes with messages whose texts depend on their number, those received last with the smallest ones. The index has those of the first. */
async function fill({ account }: TempStore): Promise<void> {
  for (const [name, rest] of [
    ['INBOX', 0],
    ['Archive', 1],
  ] as const) {
    const numbers = Array.from({ length: count }, (_unused, i) => i).filter((i) => i % 2 === rest);
    await account.messages.append(
      { name },
      numbers.map((i) => {
        const subject = `number ${i}${i % 3 === 0 ? ' three' : ''}`;
        const head = [`Subject: ${subject}`, `From: sender${i % 5}@example.org`, `X-Rest: ${i % 7}`];
        const type = i % 10 === 0 ? ['Content-Type: multipart/mixed; boundary=b'] : [];
        const body =
          i % 10 === 0
            ? attached
            : `${i % 4 === 0 ? 'Fourfold' : 'plain'} text\r\n${i === 251 ? '日本語 needle "quoted" back\\slash' : ''}\r\n`;
        const flags = i % 2 === 0 ? SystemFlag.Seen : 0;
        return newMessage([...head, ...type], { receivedMs: 10 ** 12 - i * 1000, flags }, body);
      }),
    );
    if (rest === 0) await account.search.catchUp();
  }
}

const all = Array.from({ length: count }, (_unused, i) => i);
/** Filters, and the numbers of their emails. */
const filters: readonly (readonly [JsonObject, (i: number) => boolean])[] = [
  [{ text: 'fourfold' }, (i) => i % 4 === 0 && i % 10 !== 0],
  [{ text: 'FOUR' }, (i) => i % 4 === 0 && i % 10 !== 0],
  [{ body: 'needle', hasAttachment: false }, (i) => i === 251],
  [{ text: 'zebra' }, (i) => i % 10 === 0],
  [{ body: 'three' }, () => false],
  [{ text: 'fourf* thr*' }, (i) => i % 12 === 0 && i % 10 !== 0],
  [{ body: '"needle*"' }, () => false],
  [{ body: String.raw`"needle \"quoted\" back\\slash"` }, (i) => i === 251],
  [{ body: String.raw`'needle "quoted'` }, (i) => i === 251],
  [{ subject: 'three' }, (i) => i % 3 === 0],
  [{ from: 'sender3' }, (i) => i % 5 === 3],
  [{ header: ['X-Rest', '6'] }, (i) => i % 7 === 6],
  [{ hasAttachment: true }, (i) => i % 10 === 0],
  [{ hasAttachment: false, subject: 'three' }, (i) => i % 10 !== 0 && i % 3 === 0],
  [{ text: 'fourfold three' }, (i) => i % 12 === 0 && i % 10 !== 0],
  [
    { operator: 'OR', conditions: [{ text: 'fourfold' }, { subject: 'three', hasKeyword: '$seen' }] },
    (i) => (i % 4 === 0 && i % 10 !== 0) || i % 6 === 0,
  ],
  [
    { operator: 'NOT', conditions: [{ text: 'fourfold' }, { hasAttachment: true }, { minSize: 10 ** 6 }] },
    (i) => i % 10 !== 0 && i % 4 !== 0,
  ],
  [{ text: 'nothing has this' }, () => false],
];

for (const withIndex of [false, true]) {
  test(`Email/query finds all emails that a filter is true for, ${withIndex ? 'with' : 'without'} an index, and pages of them`, async () => {
    const indexes = new MemorySearchIndexes();
    const loop = new FakeLoop(Number.POSITIVE_INFINITY);
    await using store = await tempStore((db) => db, loop, withIndex ? indexes : undefined);
    await fill(store);
    const client = new JmapClient(store);
    const { ids } = await client.call('Email/query', {});
    assert.equal(ids.length, count);
    for (const [filter, isWanted] of filters) {
      const want = all.filter(isWanted).map((i) => ids[i]);
      const found = await client.call('Email/query', { filter, calculateTotal: true });
      assert.deepEqual(found.ids, want, JSON.stringify(filter));
      assert.equal(found.total, want.length);
      for (const [position, limit] of [
        [0, 5],
        [3, 20],
        [40, 50],
      ] as const) {
        const page = await client.call('Email/query', { filter, position, limit });
        assert.deepEqual(page.ids, want.slice(position, position + limit), JSON.stringify(filter));
      }
    }
    if (withIndex) assert.ok(indexes.index(store.account.id).searches > 20);
  });
}

test('Email/query asks the index about the first emails only, where these fill the page', async () => {
  const indexes = new MemorySearchIndexes();
  await using store = await tempStore((db) => db, new FakeLoop(Number.POSITIVE_INFINITY), indexes);
  await fill(store);
  await store.account.search.catchUp();
  const index = indexes.index(store.account.id);
  const find = index.find.bind(index);
  const asked: number[] = [];
  index.find = (patterns, from, to) => {
    asked.push(to - from);
    return find(patterns, from, to);
  };
  await new JmapClient(store).call('Email/query', { filter: { text: 'number' }, limit: 10 });
  assert.equal(asked.length, 1);
  assert.ok((asked[0] ?? 0) < count, 'of the first window');
  await new JmapClient(store).call('Email/query', { filter: { text: 'needle' }, limit: 10 });
  assert.equal(asked.length, 3, 'then about all, once');
});
