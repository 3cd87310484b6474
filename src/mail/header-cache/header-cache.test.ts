import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompression } from '#host/compression';
import type { MailboxId } from '#lib/ids';
import { listTexts } from '#lib/imap';
import { checkStore, fixAccount } from '#mail/check';
import { needleOf, searchColumn, TextMatcher } from '#mail/search';
import { sql, type Database, type Sql, type Tx } from '#ports/database';
import { FakeLoop } from '#testing/fake-loop';
import { planOf } from '#testing/query-plans';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import {
  cachedFieldCode,
  FieldKind,
  FieldPicker,
  HeaderCache,
  headerCacheLimits,
  RowMemory,
  type HeaderBlock,
} from './index.ts';
import type { HeaderSource } from './header-cache.ts';

const limits = { ...headerCacheLimits, blockMessages: 8, smallBlockMessages: 4, minStoredMessages: 3, readMessages: 2 };

/** Headers as the world writes them; lines end with CRLF. */
const headers: readonly (readonly string[])[] = [
  ['Subject: plain', 'From: ann@example.org', 'To: bob@example.org'],
  ['From: "Ann B" <ann@example.org>', 'SUBJECT : Upper and blank'],
  ['Subject: folded', '\tvalue', 'X-Other: subject'],
  ['Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=', 'To: a@example.org', 'To: b@example.org'],
  ['To: a@example.org', 'Subject: between', 'To: b@example.org'],
  ['Subject: raw Grüße', 'Subject:'],
  [`Subject: ${'long '.repeat(4000)}`, 'From: ann@example.org'],
  ['X-Nothing: here'],
  ['Subject: lone\rcarriage return'],
  ['Subject: double  blank', 'Subjects: no', 'Sub: ject'],
  ['Subject: colon: inside', 'From: x (comment) <y@example.org>'],
  ['no field at all', 'Subject: after'],
];

function fields(names: readonly string[], header: readonly string[]): string {
  const text = header.map((line) => `${line}\r\n`).join('');
  const kept = text.split(/(?<=\r\n)(?![ \t])/).filter((field) => {
    const name = /^([^:]*?)[ \t]*:/.exec(field)?.[1]?.toLowerCase();
    return name !== undefined && names.includes(name);
  });
  return `${kept.join('')}\r\n`;
}

interface World {
  readonly store: TempStore;
  readonly cache: HeaderCache;
  readonly inbox: MailboxId;
  /** UIDs whose descriptions were read. */
  readonly read: number[];
}

async function world(store: TempStore, count: number): Promise<World> {
  const { account } = store;
  const inbox = (await account.mailboxes.byName('INBOX'))?.id;
  assert.ok(inbox);
  await append(store, count);
  const read: number[] = [];
  const source: HeaderSource = {
    rows: async (mailbox, uids, wanted) => {
      const rows = await account.reader.rows(mailbox, uids, wanted);
      read.push(...rows.filter(({ isLarge }) => !isLarge).map(({ uid }) => uid));
      return rows;
    },
  };
  const deps = {
    account: account.id,
    db: account.db,
    source,
    compression: zstdCompression,
    listTexts,
    memory: new RowMemory(store.clock),
    loop: new FakeLoop(),
  };
  return { store, cache: new HeaderCache(deps, limits), inbox, read };
}

async function append({ account }: TempStore, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => newMessage(headers[i % headers.length] ?? []));
  await account.messages.append({ name: 'INBOX' }, messages);
}

const uidsUpTo = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i + 1);

async function blocksOf(
  { cache, inbox }: World,
  all: Uint32Array,
  uids: Uint32Array,
  wanted: { readonly fields?: readonly number[]; readonly isComplete?: boolean } = {},
): Promise<HeaderBlock[]> {
  const blocks: HeaderBlock[] = [];
  const asked = { facts: true, order: true, fields: [], isComplete: true, ...wanted };
  for await (const block of cache.blocks(inbox, all, uids, asked)) blocks.push(block);
  return blocks;
}

const sizes = (blocks: readonly HeaderBlock[]): number[] => blocks.map(({ messages }) => messages.uids.length);

async function rowsOf({ store }: World, statement: Sql): Promise<unknown[][]> {
  return store.account.db.read((reader) => reader.arrays(statement));
}

/** The fields of a message, which have the size that they say. */
function picked(picker: FieldPicker, block: HeaderBlock, at: number): string {
  const bytes = new Uint8Array(picker.size(block, at) + 1);
  assert.equal(picker.copy(block, at, bytes, 1), bytes.length);
  return new TextDecoder().decode(bytes.subarray(1));
}

test('HeaderCache gives the fields of every header as they stand, when a block is made and when it is stored', async () => {
  await using store = await tempStore();
  const here = await world(store, 24);
  const names = ['subject', 'to', 'from', 'date'];
  const picker = FieldPicker.of(['To', 'SUBJECT', 'from', 'Date']);
  assert.ok(picker);
  for (const pass of ['made', 'stored']) {
    const seen: number[] = [];
    const blocks: readonly HeaderBlock[] = await blocksOf(here, uidsUpTo(24), uidsUpTo(24), { fields: picker.codes });
    for (const block of blocks) {
      for (const [at, uid] of block.messages.uids.entries()) {
        const header: readonly string[] = headers[(uid - 1) % headers.length] ?? [];
        seen.push(uid);
        const isOdd = ['long', 'between', 'lone'].some((word) => header.join().includes(`: ${word}`));
        assert.equal(block.messages.isLeftOut[at], isOdd ? 1 : 0, `${pass}: ${header.join()}`);
        if (!isOdd) assert.equal(picked(picker, block, at), fields(names, header), pass);
        assert.equal(block.facts?.receivedMs[at], Date.UTC(2026, 0, 1));
      }
    }
    assert.deepEqual(seen, [...uidsUpTo(24)], pass);
  }
  assert.deepEqual(
    here.read.toSorted((a, b) => a - b),
    [...uidsUpTo(24)],
  );
});

for (const value of [
  'plain',
  'VALUE',
  'grüße',
  'subject',
  'no',
  'upper and',
  'double blank',
  '',
  'bob',
  'ann b <ann@',
  'y@example.org',
  ' ',
] as const) {
  test(`searchColumn finds ${JSON.stringify(value)} where TextMatcher does`, async () => {
    await using store = await tempStore();
    const here = await world(store, 24);
    for (const name of ['subject', 'from', 'to']) {
      const code = cachedFieldCode(name) ?? 0;
      const matcher = new TextMatcher([{ kind: 'header', name, value }], new FakeLoop());
      for (const { messages, columns } of await blocksOf(here, uidsUpTo(24), uidsUpTo(24), { fields: [code] })) {
        const column = columns.get(code);
        assert.ok(column);
        const found = new Uint8Array(messages.uids.length);
        const isAsked = new Uint8Array(messages.uids.length).fill(1);
        for (const _piece of searchColumn(column, needleOf(value), isAsked, found));
        for (const [at, uid] of messages.uids.entries()) {
          if (messages.isLeftOut[at] === 1) continue;
          const header = new TextEncoder().encode(
            `${(headers[(uid - 1) % headers.length] ?? []).join('\r\n')}\r\n\r\n`,
          );
          const [want] = await matcher.match({ header, root: null, bytes: () => header });
          assert.equal(found[at] === 1, want, `${name} of ${uid}`);
        }
      }
    }
  });
}

test('searchColumn looks into few fields that must be decoded in one piece', () => {
  const one = new TextEncoder().encode('Subject: =?utf-8?q?caf=C3=A9?=\r\n');
  const count = 100;
  const column = {
    bytes: Uint8Array.from({ length: one.length * count }, (_, i) => one[i % one.length] ?? 0),
    offsets: Uint32Array.from({ length: count + 1 }, (_, i) => i * one.length),
    kinds: new Uint8Array(count).fill(FieldKind.Other),
  };
  const found = new Uint8Array(count);
  let pieces = 0;
  for (const _piece of searchColumn(column, needleOf('café'), new Uint8Array(count).fill(1), found)) pieces++;
  assert.equal(
    found.reduce((sum, one) => sum + one, 0),
    count,
  );
  assert.ok(pieces >= 6, `${pieces} pieces`);
});

test('HeaderCache stores blocks that pay, passes over the rest when asked to, and adds later messages to a small last block', async () => {
  await using store = await tempStore();
  const here = await world(store, 18);
  const all = uidsUpTo(18);
  // A few messages far apart make no block of all that lies between.
  assert.deepEqual(sizes(await blocksOf(here, all, Uint32Array.of(18), { isComplete: false })), []);
  assert.deepEqual(sizes(await blocksOf(here, uidsUpTo(2), uidsUpTo(2))), [2]);
  assert.deepEqual(await rowsOf(here, sql`SELECT count(*) FROM header_block`), [[0]]);
  assert.deepEqual(sizes(await blocksOf(here, all, all)), [8, 8, 2]);
  here.read.length = 0;
  assert.deepEqual(sizes(await blocksOf(here, all, Uint32Array.of(3, 12))), [8, 8]);
  assert.deepEqual(here.read, []);
  await append(store, 3);
  assert.deepEqual(sizes(await blocksOf(here, uidsUpTo(21), uidsUpTo(21))), [8, 8, 5]);
  await append(store, 3);
  // Three of a block of four: made anew with those that came later; a block of five stays.
  assert.deepEqual(sizes(await blocksOf(here, uidsUpTo(24), uidsUpTo(24))), [8, 8, 5, 3]);
  await append(store, 4);
  assert.deepEqual(sizes(await blocksOf(here, uidsUpTo(28), uidsUpTo(28))), [8, 8, 5, 7]);
  const ranges = await rowsOf(
    here,
    sql`SELECT first_uid, last_uid FROM header_block WHERE field = 0 ORDER BY first_uid`,
  );
  assert.deepEqual(ranges, [
    [1, 8],
    [9, 16],
    [17, 21],
    [22, 28],
  ]);
});

test('HeaderCache makes a block anew when many of its messages are gone, or when its rows are damaged', async () => {
  await using store = await tempStore();
  const here = await world(store, 8);
  await blocksOf(here, uidsUpTo(8), uidsUpTo(8));
  await store.account.messages.remove(here.inbox, [2, 4]);
  const some = Uint32Array.of(1, 3, 5, 6, 7, 8);
  assert.deepEqual(sizes(await blocksOf(here, some, some)), [8]);
  await store.account.messages.remove(here.inbox, [6]);
  const fewer = Uint32Array.of(1, 3, 5, 7, 8);
  assert.deepEqual(sizes(await blocksOf(here, fewer, fewer)), [5]);
  await store.account.db.write((tx) => tx.run(sql`UPDATE header_block SET data = substr(data, 1, 9)`));
  here.read.length = 0;
  assert.deepEqual(sizes(await blocksOf(here, fewer, fewer)), [5]);
  assert.deepEqual(here.read, [...fewer]);
  here.read.length = 0;
  await blocksOf(here, fewer, fewer);
  assert.deepEqual(here.read, []);
});

test('HeaderCache goes on without storing when the database refuses, and blocks go with their mailbox', async () => {
  await using store = await tempStore();
  const { account } = store;
  await account.mailboxes.create('Lists', []);
  await account.messages.append(
    { name: 'Lists' },
    Array.from({ length: 6 }, () => newMessage(['Subject: x'])),
  );
  const lists = await account.mailboxes.byName('Lists');
  assert.ok(lists);
  const here = { ...(await world(store, 0)), inbox: lists.id };
  await blocksOf(here, uidsUpTo(6), uidsUpTo(6));
  assert.notDeepEqual(await rowsOf(here, sql`SELECT count(*) FROM header_block`), [[0]]);
  await account.mailboxes.delete('Lists');
  assert.deepEqual(await rowsOf(here, sql`SELECT count(*) FROM header_block`), [[0]]);
  const refusing = {
    ...account.db,
    read: account.db.read.bind(account.db),
    write: () => Promise.reject(new Error('full')),
  };
  const again = await world(store, 6);
  const deps = {
    account: account.id,
    db: { ...refusing, durable: () => account.db.durable() },
    source: account.reader,
  };
  const cache = new HeaderCache(
    { ...deps, compression: zstdCompression, listTexts, memory: new RowMemory(store.clock), loop: new FakeLoop() },
    limits,
  );
  assert.deepEqual(sizes(await blocksOf({ ...again, cache }, uidsUpTo(6), uidsUpTo(6))), [6]);
});

test('HeaderCache lets others have the loop between a few headers', async () => {
  await using store = await tempStore();
  const { account } = store;
  const here = await world(store, 24);
  const loop = new FakeLoop();
  const cache = new HeaderCache(
    {
      account: account.id,
      db: account.db,
      source: account.reader,
      compression: zstdCompression,
      listTexts,
      memory: new RowMemory(store.clock),
      loop,
    },
    limits,
  );
  await blocksOf({ ...here, cache }, uidsUpTo(24), uidsUpTo(24));
  assert.ok(loop.pauses >= 24, `${loop.pauses} pauses`);
});

test('HeaderCache touches the rows of the blocks at hand only, by their whole key', async () => {
  await using store = await tempStore();
  const { account } = store;
  const here = await world(store, 24);
  const seen = new Map<string, Sql>();
  const db = {
    ...account.db,
    durable: () => account.db.durable(),
    read: account.db.read.bind(account.db),
    write: (body: (tx: Tx) => Promise<unknown>) =>
      account.db.write((tx) => {
        const run: Tx['run'] = (statement) => {
          seen.set(statement.text, statement);
          return tx.run(statement);
        };
        return body({
          all: (statement) => tx.all(statement),
          get: (statement) => tx.get(statement),
          arrays: (statement) => tx.arrays(statement),
          afterCommit: (fn) => tx.afterCommit(fn),
          run,
        });
      }),
  } as Database;
  const deps = { account: account.id, db, source: account.reader, compression: zstdCompression, listTexts };
  const cache = new HeaderCache({ ...deps, memory: new RowMemory(store.clock), loop: new FakeLoop() }, limits);
  await blocksOf({ ...here, cache }, uidsUpTo(24), uidsUpTo(24));
  const removals = [...seen.values()].filter(({ text }) => text.startsWith('DELETE'));
  assert.equal(removals.length, 1);
  for (const { text, values } of removals) {
    const plan = await planOf(account.db, { text, values });
    if (account.db.dialect === 'sqlite')
      assert.match(String(plan[0]), /\(account=\? AND mailbox=\? AND field=\? AND first_uid=\?\)/);
  }
});

test('HeaderCache finds blocks that cannot be unpacked or contradict their messages, and drops them', async () => {
  await using store = await tempStore();
  const { account } = store;
  const here = await world(store, 24);
  const { inbox, cache } = here;
  await blocksOf(here, uidsUpTo(24), uidsUpTo(24));
  const damages = async (): Promise<string[]> => {
    const uids = (await rowsOf(here, sql`SELECT uid FROM message ORDER BY uid`)).map(([uid]) => Number(uid));
    const damaged = await Array.fromAsync(cache.damagedBlocks(inbox, Uint32Array.from(uids)));
    return damaged.map(({ firstUid, lastUid, reason }) => `${firstUid}-${lastUid} ${reason}`);
  };
  const change = (statement: Sql): Promise<unknown> => account.db.write((tx) => tx.run(statement));
  assert.deepEqual(await damages(), []);
  await account.messages.remove(inbox, [2]);
  assert.deepEqual(await damages(), []);
  await change(sql`UPDATE header_block SET data = substr(data, 1, 9) WHERE field = 13 AND first_uid = 1`);
  assert.deepEqual(await damages(), ['1-8 cannot be unpacked']);
  await cache.drop(inbox, 1);
  assert.deepEqual(await damages(), []);
  // Messages of the other blocks change places in what their rows say.
  await change(sql`UPDATE message SET received_ms = received_ms + 1 WHERE uid = 11`);
  assert.deepEqual(await damages(), ['9-16 contradicts the message with UID 11']);
  await change(sql`UPDATE message SET received_ms = received_ms - 1 WHERE uid = 11`);
  const other = newMessage(['Subjekt: colon: inside', 'From: x (comment) <y@example.org>']).described.description;
  await change(
    sql`UPDATE email SET description = ${other} WHERE id = (SELECT email FROM message WHERE mailbox = ${inbox} AND uid = 23)`,
  );
  assert.deepEqual(await damages(), ['17-24 contradicts the message with UID 23']);
  const problems = (await checkStore(store)).filter(({ kind }) => kind === 'headers');
  assert.deepEqual(
    problems.map(({ isLoss, remedy }) => [isLoss, remedy]),
    [[false, 'run "godwit check --repair": docs/admin/check.md, "Repairs", says what it does']],
  );
  assert.equal(await fixAccount(account, store.sweeper), 1);
  assert.deepEqual(await damages(), []);
  await account.messages.remove(inbox, [23]);
});
