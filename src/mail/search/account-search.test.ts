import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SystemFlag } from '#lib/flags';
import { bodyOfBytes } from '#mail/content';
import { describeMessage } from '#mail/messages';
import { MimeIndexer } from '#lib/mime';
import { sql } from '#ports/database';
import type { SearchIndexes } from '#ports/search-index';
import { FakeLoop } from '#testing/fake-loop';
import { MemorySearchIndexes } from '#testing/memory-search-indexes';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { accountSource } from './account-source.ts';
import { needleOf } from './fold.ts';
import { feedingLimits } from './limits.ts';
import { matchText } from './match-text.ts';
import type { TextCondition } from '#lib/search';

function storeWith(indexes?: SearchIndexes): Promise<TempStore> {
  return tempStore((db) => db, new FakeLoop(), indexes);
}

async function candidates({ account }: TempStore, text: string): Promise<readonly number[] | null> {
  const matches = await account.search.candidates([needleOf(text)], 0, Number.MAX_SAFE_INTEGER);
  return matches === null ? null : [...matches.ids];
}

async function append(store: TempStore, ...subjects: readonly string[]): Promise<void> {
  await store.account.messages.append(
    { name: 'INBOX' },
    subjects.map((subject) => newMessage([`Subject: ${subject}`])),
  );
}

async function emailIds({ account }: TempStore): Promise<number[]> {
  const rows = await account.db.read((reader) =>
    reader.arrays(sql`SELECT id FROM email WHERE account = ${account.id} ORDER BY id`),
  );
  return rows.map(([id]) => Number(id));
}

test('AccountSearch feeds the index some time after messages came, and not before', async () => {
  await using store = await storeWith(new MemorySearchIndexes());
  await append(store, 'Zebra one', 'two');
  assert.equal(await candidates(store, 'zebra'), null);
  await store.clock.advance(feedingLimits.settleMs);
  await store.account.search.catchUp();
  const ids = await emailIds(store);
  assert.deepEqual(await candidates(store, 'ZEBRA'), ids.slice(0, 1));
  assert.deepEqual(await candidates(store, '?'), null, 'nothing but punctuation');
  assert.deepEqual(await store.account.search.state(), {
    documents: 2,
    sizeBytes: (await store.account.search.state())?.sizeBytes ?? 0,
    waiting: 0,
  });
});

test('AccountSearch: messages that were expunged leave the index, those that were moved or have copies do not', async () => {
  await using store = await storeWith(new MemorySearchIndexes());
  const { account } = store;
  await append(store, 'zebra 1', 'zebra 2', 'zebra 3', 'zebra 4');
  await account.search.catchUp();
  const inbox = (await account.mailboxes.list()).find(({ name }) => name === 'INBOX')?.mailbox?.id;
  assert.ok(inbox !== undefined);
  const [first = 0, second = 0, third = 0, fourth = 0] = await emailIds(store);
  await account.messages.copy(inbox, [2], { name: 'Archive' });
  await account.messages.move(inbox, [3], { name: 'Archive' });
  await account.messages.store(inbox, Uint32Array.of(1, 2), { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  await account.messages.expunge(inbox, null);
  await account.search.catchUp();
  assert.deepEqual(await candidates(store, 'zebra'), [second, third, fourth]);
  // One that came and went before it was ever looked at.
  await append(store, 'zebra 5');
  await account.messages.store(inbox, Uint32Array.of(5), { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  await account.messages.expunge(inbox, null);
  await append(store, 'zebra 6');
  await account.search.catchUp();
  const last = (await emailIds(store)).at(-1) ?? 0;
  assert.deepEqual(await candidates(store, 'zebra'), [second, third, fourth, last]);
  assert.ok(first < second);
});

test('AccountSearch drops an index that goes with other data, such as before a backup was put back', async () => {
  const indexes = new MemorySearchIndexes();
  await using store = await storeWith(indexes);
  await append(store, 'zebra');
  const index = indexes.index(store.account.id);
  const [id = 0] = await emailIds(store);
  for (const [position, isKept] of [
    [{ lastId: 10 ** 9, modSeq: 1, stamp: '' }, false],
    [{ lastId: 1, modSeq: 10 ** 9, stamp: '' }, false],
    [{ lastId: id, modSeq: 1, stamp: 'of another message' }, false],
    [{ lastId: id - 1, modSeq: 1, stamp: 'of a message that is gone' }, true],
  ] as const) {
    await index.write({ added: [], removed: [], position });
    store.accounts.forget('mara');
    const account = await store.accounts.open('mara');
    await account?.search.candidates([needleOf('zebra')], 0, 1);
    assert.equal((await index.position()) !== null, isKept, JSON.stringify(position));
    account?.[Symbol.dispose]();
  }
});

test('AccountSearch.rebuild makes the index anew', async () => {
  const indexes = new MemorySearchIndexes();
  await using store = await storeWith(indexes);
  await append(store, 'zebra', 'gnu');
  await store.account.search.catchUp();
  await store.account.search.rebuild();
  assert.deepEqual((await store.account.search.state())?.waiting, 2);
  await store.account.search.catchUp();
  assert.deepEqual((await store.account.search.state())?.waiting, 0);
  assert.deepEqual(await candidates(store, 'gnu'), (await emailIds(store)).slice(1));
});

test('AccountSearch: an index that fails narrows nothing, is reported, and is fed later', async () => {
  const indexes = new MemorySearchIndexes();
  await using store = await storeWith(indexes);
  await append(store, 'zebra');
  await store.account.search.catchUp();
  const index = indexes.index(store.account.id);
  const find = index.find.bind(index);
  index.find = () => Promise.reject(new Error('no disk'));
  assert.equal(await candidates(store, 'zebra'), null);
  assert.ok(store.log.events.some(({ event }) => event === 'searchIndex.failed'));
  index.find = find;
  assert.equal((await candidates(store, 'zebra'))?.length, 1);
});

const samples = [
  'Zebra crossing ahead',
  'zebracrossing',
  'naïve café Straße',
  'nai\u0308ve cafe\u0301',
  '日本語のテキスト',
  '日 本',
  'Ελληνικός ΣΊΓΜΑΣ',
  'русский текст',
  '한국어 텍스트',
  'ภาษาไทย',
  'İstanbul ısı',
  'a@b.example',
  'x'.repeat(70),
  '<p>Zeb<b>ra</b> &uuml;ber</p>',
  'report-2026.pdf',
  'İ',
  '𠮷野家',
  'q=3D',
];
const charsets = ['utf-8', 'iso-8859-1', 'shift_jis', 'gb18030', 'koi8-r', 'utf-7', 'unknown-8bit', 'us-ascii'];

function encodedWord(text: string, isBase64: boolean): string {
  const bytes = Buffer.from(text);
  if (isBase64) return `=?utf-8?b?${bytes.toString('base64')}?=`;
  return `=?utf-8?q?${[...bytes].map((byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')}?=`;
}

const anyMessage = fc.record({
  subject: fc.constantFrom(...samples),
  isEncoded: fc.boolean(),
  isBase64: fc.boolean(),
  body: fc.array(fc.constantFrom(...samples), { maxLength: 4 }),
  charset: fc.constantFrom(...charsets),
  encoding: fc.constantFrom('8bit', 'base64', 'quoted-printable'),
  type: fc.constantFrom('text/plain', 'text/html', 'message/rfc822', 'application/pdf', 'multipart/mixed'),
  fileName: fc.constantFrom(...samples),
  pad: fc.constantFrom(0, 0, 0, 33_000, 70_000),
});

type AnyMessage = typeof anyMessage extends fc.Arbitrary<infer T> ? T : never;

function messageOf({ subject, isEncoded, isBase64, body, charset, encoding, type, fileName, pad }: AnyMessage): Buffer {
  const text = `${'some words here\r\n'.repeat(pad / 17)}${body.join('\r\n')}`;
  const raw = charset === 'iso-8859-1' ? Buffer.from(text, 'latin1') : Buffer.from(text);
  const encoded =
    encoding === 'base64'
      ? raw.toString('base64').replace(/.{76}/g, '$&\r\n')
      : encoding === '8bit'
        ? raw
        : raw.toString('latin1').replace(/=/g, '=3D');
  const shown = isEncoded ? encodedWord(subject, isBase64) : subject;
  const head = [
    `Subject: ${shown}`,
    `From: "${isEncoded ? 'Quoted \\"Name\\"' : 'Ann, B.'}" <ann@example.org>`,
    'X-Odd: a\u0000b',
    'MIME-Version: 1.0',
  ];
  const part = [
    `Content-Type: ${type === 'multipart/mixed' ? 'text/plain' : type}; charset=${charset}; name*=utf-8''${encodeURIComponent(fileName)}`,
    `Content-Transfer-Encoding: ${encoding}`,
  ];
  const inner =
    type === 'message/rfc822' ? Buffer.from(`Subject: ${encodedWord(subject, !isBase64)}\r\n\r\n`) : Buffer.alloc(0);
  if (type !== 'multipart/mixed')
    return Buffer.concat([Buffer.from(`${[...head, ...part].join('\r\n')}\r\n\r\n`), inner, Buffer.from(encoded)]);
  const open = `${[...head, 'Content-Type: multipart/mixed; boundary=b'].join('\r\n')}\r\n\r\n--b\r\n${part.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(open), Buffer.from(encoded), Buffer.from('\r\n--b--\r\n')]);
}

/** Any piece of any sample, and other texts. */
const anyNeedle = fc
  .tuple(
    fc.constantFrom(
      ...samples,
      'some words',
      'content-type',
      'subject: zebra',
      'words here zebra',
      'ann@example.org',
      'name" <',
    ),
    fc.nat(),
    fc.nat(),
  )
  .map(([text, from, length]) => text.slice(from % text.length).slice(0, 1 + (length % 20)));

test('matchText finds the same with an index as without, whatever is in messages and needles', async () => {
  const seed = Number(process.env['SEED'] ?? 20261129);
  const indexes = new MemorySearchIndexes();
  // Pauses at each question would take most of the time.
  await using store = await tempStore((db) => db, new FakeLoop(Number.POSITIVE_INFINITY), indexes);
  const { account } = store;
  const messages = fc.sample(anyMessage, { numRuns: 120, seed }).map((one) => messageOf(one));
  await account.messages.append(
    { name: 'INBOX' },
    messages.map((bytes) => {
      const indexer = new MimeIndexer();
      indexer.push(bytes);
      return newMessage([], { body: bodyOfBytes(bytes), described: describeMessage(indexer.finish()) });
    }),
  );
  const inbox = (await account.mailboxes.list()).find(({ name }) => name === 'INBOX')?.mailbox?.id;
  assert.ok(inbox !== undefined);
  const uids = Uint32Array.from(messages, (_message, i) => i + 1);
  const keys = fc.sample(fc.tuple(fc.constantFrom('text', 'body', 'header'), anyNeedle), { numRuns: 150, seed });
  const options = {
    signal: new AbortController().signal,
    onFailure: (_uid: number, error: unknown) => {
      throw error;
    },
  };
  const all = async (): Promise<string[]> => {
    const results: string[] = [];
    for (const [kind, value] of keys) {
      const key: TextCondition = kind === 'header' ? { kind, name: 'x-odd', value } : { kind: kind as 'text', value };
      results.push(
        `${kind} ${JSON.stringify(value)}: ${(
          await matchText(
            accountSource(account, inbox, () => uids),
            uids,
            [key],
            options,
          )
        ).join()}`,
      );
    }
    return results;
  };
  const scanned = await all();
  await account.search.catchUp();
  assert.equal((await account.search.state())?.waiting, 0);
  assert.deepEqual(await all(), scanned, `seed ${seed}`);
  assert.ok(indexes.index(account.id).searches > 100);
  assert.ok(scanned.filter((line) => !line.endsWith(': ')).length > 50, 'much was found');
});
