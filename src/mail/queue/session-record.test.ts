import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueueWorld } from '#testing/queue-world';
import type { SessionRecord } from './index.ts';

const session: SessionRecord = {
  demand: 'TLS if it is offered',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', verifiedBy: null, problem: 'CERT_HAS_EXPIRED' },
  mechanism: null,
  isReused: true,
  dialogue: ['> MAIL FROM:<s@example.org>', '< 250 ünï\tcode'],
};
const reply = { code: 451, enhanced: '4.2.0', text: 'later' };

test('Queue.attempts: what is known of the connection is kept as it was told, and null without one', async () => {
  await using world = new QueueWorld();
  let isFirst = true;
  world.answer = async () => {
    const remote = isFirst ? { name: 'mx.example', ip: '192.0.2.1', session } : { name: 'mx.example', ip: null };
    isFirst = false;
    return { kind: 'deferred', reason: 'later', reply, remote };
  };
  await world.start();
  await world.send(['a@one.example']);
  await world.clock.advance(10 * 60_000);
  const [item] = await world.queue.list();
  assert.ok(item);
  const attempts = await world.queue.attempts(item.id);
  assert.deepEqual(
    attempts.map((attempt) => attempt.session),
    [session, null],
  );
});

test('Queue.attempts: whoever is left for TLS is told so in the notice, and not that there was no answer', async () => {
  await using world = new QueueWorld();
  const remote = { name: 'mx.example', ip: '192.0.2.1' };
  world.answer = async () => ({ kind: 'deferred', reason: 'no STARTTLS', reply: null, status: '4.7.10', remote });
  await world.start();
  await world.send(['a@one.example']);
  await world.clock.advance(10 * 86_400_000);
  assert.match(world.notices.at(-1)?.text ?? '', /^Status: 4\.7\.10\r$/m);
});
