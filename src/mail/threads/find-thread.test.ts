import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMessage, tempStore } from '#testing/temp-store';
import { sql } from '#ports/database';
import { subjectKey } from './index.ts';

for (const [subject, want] of [
  [null, 0],
  ['', 30268800671173],
  ['hello', 118490893593771],
] as const) {
  test(`subjectKey(${JSON.stringify(subject)}) stays what databases hold`, () =>
    assert.equal(subjectKey(subject), want));
}

/** Threads that messages with these header fields get, numbered in order of appearance. */
async function threadsOf(
  messages: readonly { readonly header: readonly string[]; readonly days: number }[],
): Promise<number[]> {
  await using store = await tempStore();
  const { account } = store;
  const seen: number[] = [];
  const threads: number[] = [];
  for (const { header, days } of messages) {
    const receivedMs = Date.UTC(2026, 0, 1) + days * 24 * 60 * 60_000;
    const { ids } = await account.messages.append({ name: 'INBOX' }, [newMessage(header, { receivedMs })]);
    const row = await account.db.read((reader) =>
      reader.get<{ thread: number }>(
        sql`SELECT thread FROM email WHERE account = ${account.id} AND id = ${ids[0] ?? 0}`,
      ),
    );
    const thread = row?.thread ?? 0;
    if (!seen.includes(thread)) seen.push(thread);
    threads.push(seen.indexOf(thread));
  }
  return threads;
}

for (const [why, messages, want] of [
  ['a reply without references joins by subject', [['Subject: a'], ['Subject: Re: a']], [0, 0]],
  ['the same subject without a mark does not', [['Subject: a'], ['Subject: a']], [0, 1]],
  [
    'a changed subject begins a thread',
    [
      ['Subject: a', 'Message-ID: <1@x>'],
      ['Subject: b', 'References: <1@x>'],
    ],
    [0, 1],
  ],
  [
    'a delivery report joins whatever its subject',
    [
      ['Subject: a', 'Message-ID: <1@x>'],
      ['Subject: Undelivered', 'References: <1@x>', 'Content-Type: multipart/report; boundary=b'],
    ],
    [0, 0],
  ],
  [
    'the same Message-ID is the same thread',
    [
      ['Subject: a', 'Message-ID: <1@x>'],
      ['Subject: a', 'Message-ID: <1@x>'],
    ],
    [0, 0],
  ],
] as const) {
  test(`findThread: ${why}`, async () => {
    assert.deepEqual(await threadsOf(messages.map((header) => ({ header, days: 0 }))), want);
  });
}

test('findThread: a subject is forgotten after four weeks', async () => {
  const threads = await threadsOf([
    { header: ['Subject: a'], days: 0 },
    { header: ['Subject: Re: a'], days: 27 },
    { header: ['Subject: Re: a'], days: 56 },
  ]);
  assert.deepEqual(threads, [0, 0, 1]);
});
