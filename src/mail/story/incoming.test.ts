import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceptionFacts } from '#mail/messages';
import { defaultSettings } from '#mail/queue';
import { sql } from '#ports/database';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import type { ReceptionRecord } from './acceptance.ts';
import { acceptanceOf, Stories, writeReception, writeStory, type StoryQuestion } from './index.ts';

const reception: ReceptionFacts = {
  remoteIp: '198.51.100.7',
  mailFrom: 'Bob@far.example',
  rcptTo: 'mara@example.org',
  validation: writeReception({
    by: acceptanceOf({
      id: 'c9',
      kind: 'mx',
      remote: { address: '198.51.100.7' },
      local: { address: '192.0.2.25', port: 25 },
      tls: null,
      hello: { verb: 'EHLO', name: 'far.example' },
      identity: null,
      mechanism: null,
    }),
    checks: [{ name: 'sender', result: 'pass', detail: 'its domain can take mail' }],
  }),
};

const serverItself = { remoteIp: null, validation: null };

const storedByImap: ReceptionFacts = {
  remoteIp: null,
  mailFrom: null,
  rcptTo: null,
  validation: writeReception({
    by: {
      service: 'imaps',
      local: '192.0.2.25:993',
      remoteIp: '203.0.113.5',
      hello: null,
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
      login: { name: 'mara', mechanism: 'PLAIN' },
      cid: 'c8',
    },
    checks: [],
  }),
};

async function textOf(store: TempStore, question: StoryQuestion, startMs: number): Promise<string> {
  const { accounts, databases } = store;
  const refusals = { find: () => Promise.resolve([]) };
  const stories = new Stories({ db: databases.server, accounts, refusals, settings: defaultSettings });
  const told = await stories.tell(question, 10);
  return told.stories.flatMap((story) => writeStory(story, (ms) => `+${(ms - startMs) / 1000}s`, startMs)).join('\n');
}

test('writeStory: a message that came in, was copied and moved', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const startMs = clock.now();
  const { mailbox, uids } = await account.messages.append({ name: 'INBOX' }, [
    newMessage(['Message-ID: <in@far.example>'], { receivedMs: startMs, reception }),
  ]);
  await clock.advance(5000);
  await account.messages.copy(mailbox, uids, { name: 'Sent' });
  await clock.advance(5000);
  await account.messages.move(mailbox, uids, { name: 'Trash' });
  const expected = `Message in the account mara
<in@far.example>, 39 bytes

  +0s  accepted by mx on 192.0.2.25:25, from Bob@far.example to mara@example.org
      client 198.51.100.7, EHLO far.example, without TLS
      connection c9 in the log
      checked sender: pass, its domain can take mail
  +5s  copied to Sent
  +10s  moved from INBOX to Trash

  Now in Sent, UID 1, unread
  Now in Trash, UID 1, unread`;
  for (const question of [
    { kind: 'messageId', messageId: 'in@far.example' },
    { kind: 'envelope', sender: 'bob@far.example', sinceMs: startMs },
    { kind: 'envelope', recipient: 'MARA@example.org', sinceMs: startMs },
    { kind: 'envelope', sender: 'bob@far.example', recipient: 'mara@example.org', sinceMs: startMs },
  ] as const) {
    assert.equal(await textOf(store, question, startMs), expected);
  }
  for (const question of [
    { kind: 'messageId', messageId: 'other@far.example' },
    { kind: 'envelope', sender: 'eve@far.example', sinceMs: startMs },
    { kind: 'envelope', sender: 'bob@far.example', sinceMs: startMs + 60_000 },
  ] as const) {
    assert.equal(await textOf(store, question, startMs), '');
  }
});

test('writeStory: a message that went somewhere for a reason', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const startMs = clock.now();
  const record = JSON.parse(reception.validation ?? '') as ReceptionRecord;
  const validation = writeReception({ ...record, explanation: 'like 3 messages\nthat were marked as junk' });
  await account.messages.append({ name: 'Junk' }, [
    newMessage(['Message-ID: <in@far.example>'], { receivedMs: startMs, reception: { ...reception, validation } }),
  ]);
  const told = await textOf(store, { kind: 'messageId', messageId: 'in@far.example' }, startMs);
  assert.match(
    told,
    /checked sender: pass, its domain can take mail\n {6}decided: like 3 messages that were marked as junk\n/,
  );
});

test('writeStory: mail that a program stored, and mail that came before records were kept', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const startMs = clock.now();
  const header = ['Message-ID: <x@example.org>'];
  await account.messages.append({ name: 'Sent' }, [
    newMessage(header, { flags: 1, keywords: ['$label1'], reception: storedByImap }),
  ]);
  await clock.advance(1000);
  await account.messages.append({ name: 'INBOX' }, [
    newMessage(header, { receivedMs: clock.now(), reception: { ...reception, validation: null } }),
    newMessage(header, { receivedMs: clock.now(), reception: { ...reception, mailFrom: '', ...serverItself } }),
  ]);
  assert.equal(
    await textOf(store, { kind: 'messageId', messageId: 'x@example.org' }, startMs),
    `Message in the account mara
<x@example.org>, 38 bytes

  +0s  stored by a mail program (APPEND)
      client 203.0.113.5, TLSv1.3 TLS_AES_128_GCM_SHA256
      logged in as mara with PLAIN
      connection c8 in the log

  Now in Sent, UID 1, \\Seen $label1
Message in the account mara
<x@example.org>, 38 bytes

  +1s  accepted from Bob@far.example to mara@example.org
      client 198.51.100.7

  Now in INBOX, UID 1, unread
Message in the account mara
<x@example.org>, 38 bytes

  +1s  written by this server, from <> to mara@example.org

  Now in INBOX, UID 2, unread`,
  );
});

test('writeStory: mail that was deleted everywhere is remembered for a while, unless a program stored it', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const startMs = clock.now();
  const { mailbox, uids } = await account.messages.append({ name: 'INBOX' }, [
    newMessage(['Message-ID: <gone@far.example>'], { receivedMs: startMs, reception }),
    newMessage(['Message-ID: <draft@example.org>'], { receivedMs: startMs }),
  ]);
  await clock.advance(40_000);
  await account.messages.remove(mailbox, uids);
  const byId = { kind: 'messageId', messageId: 'gone@far.example' } as const;
  assert.equal(
    await textOf(store, byId, startMs),
    `Message in the account mara
<gone@far.example>, 41 bytes

  +0s  accepted by mx on 192.0.2.25:25, from Bob@far.example to mara@example.org
      client 198.51.100.7, EHLO far.example, without TLS
      connection c9 in the log
      checked sender: pass, its domain can take mail
  +40s  deleted from the last mailbox that it was in

  Now in no mailbox any more`,
  );
  const envelope = { kind: 'envelope', sender: 'bob@far.example', recipient: 'Mara@example.org' } as const;
  assert.match(await textOf(store, { ...envelope, sinceMs: startMs }, startMs), /gone@far/);
  assert.equal(await textOf(store, { ...envelope, sinceMs: startMs + 1 }, startMs), '');
  assert.equal(await textOf(store, { kind: 'messageId', messageId: 'draft@example.org' }, startMs), '');
  // Two weeks and another deletion later.
  await clock.advance(15 * 86_400_000);
  const later = await account.messages.append({ name: 'INBOX' }, [newMessage([], { reception })]);
  assert.match(await textOf(store, byId, startMs), /gone@far/);
  await account.messages.remove(mailbox, later.uids);
  await account.messages.eraseExpunged();
  assert.equal(await textOf(store, byId, startMs), '');
});

test('Stories.tell: mail that was deleted is found before and after it is erased, and the question erases nothing', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const startMs = clock.now();
  const messages = ['a', 'b', 'c'].map((name) =>
    newMessage([`Message-ID: <${name}@far.example>`], { receivedMs: startMs, reception }),
  );
  const { mailbox, uids } = await account.messages.append({ name: 'INBOX' }, messages);
  const [first, second] = uids;
  assert.ok(first !== undefined && second !== undefined);
  await account.messages.remove(mailbox, [first]);
  await account.messages.eraseExpunged();
  await account.messages.remove(mailbox, [second]);
  const waiting = (): Promise<unknown> =>
    account.db.read((reader) => reader.arrays(sql`SELECT count(*) FROM expunged_email`));
  assert.deepEqual(await waiting(), [[1]]);
  const question = { kind: 'envelope', sender: 'bob@far.example', sinceMs: startMs } as const;
  const before = await textOf(store, question, startMs);
  assert.deepEqual(before.match(/<.@far\.example>/g), ['<a@far.example>', '<b@far.example>', '<c@far.example>']);
  assert.deepEqual(await waiting(), [[1]]);
  await account.messages.eraseExpunged();
  assert.equal(await textOf(store, question, startMs), before);
});

test('Stories.tell: a long mailbox is looked through in parts', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const startMs = clock.now();
  const early = newMessage(['Message-ID: <early@far.example>'], { receivedMs: startMs, reception });
  await account.messages.append({ name: 'INBOX' }, [early]);
  const others = Array.from({ length: 450 }, () =>
    newMessage([], { receivedMs: startMs, reception: { ...reception, mailFrom: 'eve@far.example' } }),
  );
  await account.messages.append({ name: 'INBOX' }, others);
  const text = await textOf(store, { kind: 'envelope', sender: 'bob@far.example', sinceMs: startMs }, startMs);
  assert.match(text, /<early@far\.example>[^]*Now in INBOX, UID 1, unread$/);
});
