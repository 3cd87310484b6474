import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId, queueId, recipientId } from '#lib/ids';
import { serverDatabase } from '#testing/store-databases';
import { WebhookOutbox } from './index.ts';
import type { OutgoingEvent } from './outgoing-event.ts';

const event: OutgoingEvent = {
  kind: 'delayed',
  account: accountId(1),
  message: queueId(1),
  recipient: recipientId(2),
  messageId: '<m@example.org>',
  fromId: 'abc',
  envid: null,
  from: 'a@example.org',
  to: 'b@example.net',
  attempts: 1,
  status: '4.3.0',
  reply: '451 4.3.0 try later',
  host: 'mx.example.net',
  nextAttemptMs: 450_000,
  suppresses: false,
};

test('WebhookOutbox.addIn writes the body that README.md shows', async () => {
  await using db = serverDatabase();
  const long = { ...event, reply: 'x'.repeat(10_000) };
  await db.write((tx) => new WebhookOutbox().addIn(tx, [event, long], 0));
  const rows = await db.rows('SELECT account, event, body, created_ms, due_ms, attempts FROM webhook_outbox');
  const [first, second] = rows;
  const { body, ...rest } = { ...first };
  assert.deepEqual(rest, { account: 1, event: 'delayed', created_ms: 0, due_ms: 0, attempts: 0 });
  assert.deepEqual(JSON.parse(String(body)), {
    version: 1,
    event: 'delayed',
    time: '1970-01-01T00:00:00.000Z',
    message: 1,
    recipient: 2,
    messageId: '<m@example.org>',
    fromId: 'abc',
    envelopeId: null,
    from: 'a@example.org',
    to: 'b@example.net',
    attempts: 1,
    status: '4.3.0',
    reply: '451 4.3.0 try later',
    host: 'mx.example.net',
    nextTry: '1970-01-01T00:07:30.000Z',
    suppresses: false,
  });
  assert.ok(String(second?.['body']).length < 5000);
});

test('WebhookOutbox.addIn keeps the latest rows of each account, after a restart too', async () => {
  await using db = serverDatabase();
  const ids = async (account: number): Promise<number[]> =>
    (await db.rows('SELECT id FROM webhook_outbox WHERE account = ? ORDER BY id', account)).map((row) =>
      Number(row['id']),
    );
  const outbox = new WebhookOutbox({ maxRows: 10 });
  const other = { ...event, account: accountId(2) };
  for (let i = 0; i < 40; i += 1) await db.write((tx) => outbox.addIn(tx, [event, other], 0));
  for (const account of [1, 2]) {
    const { length } = await ids(account);
    assert.ok(length <= 20, String(length));
  }
  await db.write((tx) => new WebhookOutbox({ maxRows: 3 }).addIn(tx, [event], 0));
  assert.deepEqual(await ids(1), [77, 79, 81]);
});
