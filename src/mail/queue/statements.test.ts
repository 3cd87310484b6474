import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId, queueId, recipientId } from '#lib/ids';
import type { TransportConfig } from '#mail/config';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { planOf } from '#testing/query-plans';

/** Lists for people may read everything: they are asked for seldom, and in pages. */
const mayScan = (text: string): boolean => text.includes('(r.address,');

test('queue statements: none reads a whole table', async () => {
  await using world = new QueueWorld();
  world.policy = { suppressesRefused: true, tellsWebhooks: true };
  world.answer = async (address) =>
    address.startsWith('bad') ? refused : address.startsWith('late') ? deferred : delivered;
  await world.start();
  await world.send(['bad@one.example', 'late@one.example', 'good@two.example'], { account: accountId(1) });
  await world.clock.advance(5 * 60 * 60_000);
  await world.crash();
  for (const filter of [
    { ids: [recipientId(1), recipientId(2)] },
    { message: queueId(1) },
    { account: accountId(1), domain: 'one.example' },
    { sender: 's@example.org' },
    { recipient: 'late@one.example' },
    { states: ['queued'], hold: false },
    { receivedBeforeMs: world.clock.now() },
  ] as const) {
    await world.queue.list(filter);
    await world.queue.kick(filter);
  }
  await world.queue.attempts(recipientId(1));
  await world.queue.events(queueId(1));
  assert.deepEqual(await world.queue.count(), { waiting: 1, held: 0 });
  await world.suppressions.list(accountId(1), { after: { account: accountId(1), address: 'a' } });
  await world.send(['bad@one.example', 'good@one.example'], { account: accountId(1) });
  await world.queue.hold({ message: queueId(1) }, true);
  await world.queue.setTls({ message: queueId(1) }, 'required');
  const limited = { kind: 'smtp', limits: { messages: 5, per: 1000 } } as unknown as TransportConfig;
  world.table = { ...world.table, transports: new Map([['relay', limited]]) };
  await world.queue.setTransport({ message: queueId(1) }, 'relay');
  await world.crash();
  await world.send(Array.from({ length: 2200 }, (_, i) => `good@d${i}.example`));
  await world.clock.advance(0);
  assert.deepEqual(await world.queue.count(), { waiting: 1, held: 1 });
  await world.queue.fail({ message: queueId(1) });
  await world.clock.advance(200 * 60 * 60_000);
  await world.sweeper().sweep();
  assert.ok(world.db.texts.size > 25);
  for (const text of Array.from(world.db.texts)) {
    if (mayScan(text)) continue;
    const scans = (await planOf(world.db, { text, values: [] })).filter((detail) => detail.startsWith('SCAN '));
    // Reading along an index in its order, from where the condition begins, is a SEARCH; these small tables and lists may be scanned.
    const bad = scans.filter(
      (detail) => !/USING (COVERING )?INDEX|SCAN CONSTANT ROW|SCAN due$|queue_garbage|queue_hold_rule/.test(detail),
    );
    assert.deepEqual(bad, [], text);
  }
});
