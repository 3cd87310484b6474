import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { writeAddress } from '#lib/address';
import { recipientId } from '#lib/ids';
import { sql } from '#ports/database';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { Notify } from './index.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const count = async (world: QueueWorld, table: string): Promise<number> =>
  Number((await world.db.rows(`SELECT count(*) AS n FROM ${table}`))[0]?.['n']);

test('Queue.enqueue, then delivery: one transmission per message and domain, content gone, row kept', async () => {
  await using world = new QueueWorld();
  await world.start();
  await world.send(['a@one.example', 'b@ONE.example', 'c@two.example']);
  const sent = world.transmissions.map((t) => t.recipients.map((r) => writeAddress(r.address)));
  assert.deepEqual(sent, [['a@one.example', 'b@one.example'], ['c@two.example']]);
  assert.deepEqual(world.transmissions[0]?.route, { kind: 'direct', domain: 'one.example' });
  const items = await world.queue.list();
  assert.deepEqual(
    items.map((item) => [item.state, item.attempts, item.lastReply]),
    [
      ['delivered', 1, '250 2.0.0 taken'],
      ['delivered', 1, '250 2.0.0 taken'],
      ['delivered', 1, '250 2.0.0 taken'],
    ],
  );
  assert.equal(await count(world, 'queue_content'), 0);
  assert.deepEqual(world.notices, []);
  assert.equal((await world.queue.attempts(items[0]?.id ?? recipientId(1)))[0]?.outcome, 'delivered');
  await world.clock.advance(169 * hourMs);
  assert.equal((await world.sweeper().sweep()).recipients, 3);
  assert.deepEqual([await count(world, 'queue_message'), await count(world, 'queue_attempt')], [0, 0]);
});

test('Queue with keepFinishedMs 0 leaves nothing behind', async () => {
  await using world = new QueueWorld({ keepFinishedMs: 0 });
  world.answer = async (address) => (address.startsWith('bad') ? refused : delivered);
  await world.start();
  await world.send(['a@one.example', 'bad@one.example']);
  for (const table of ['queue_message', 'queue_content', 'queue_recipient', 'queue_attempt']) {
    assert.equal(await count(world, table), 0, table);
  }
  assert.equal(world.notices.length, 1);
});

test('Queue.enqueue: a recipient that is refused already fails in the same write, is never tried, and its sender gets a DSN', async () => {
  await using world = new QueueWorld();
  const failure = { status: '5.7.1', reason: '550 5.7.1 not wanted' };
  await world.send([], { recipients: [{ address: 'a@one.example', failure }, { address: 'b@one.example' }] });
  // Nothing runs yet: no second write has to come before a crash.
  const [row, ...others] = await world.queue.list();
  assert.deepEqual(
    [row?.recipient, row?.state, row?.attempts, row?.lastReply, others.map(({ state }) => state)],
    ['a@one.example', 'failed', 0, '550 5.7.1 not wanted', ['queued']],
  );
  await world.start();
  await world.clock.advance(0);
  assert.deepEqual(
    world.transmissions.flatMap(({ recipients }) => recipients.map(({ address }) => writeAddress(address))),
    ['b@one.example'],
  );
  assert.equal(world.notices.length, 1);
  assert.match(
    world.notices[0]?.text ?? '',
    /Final-Recipient: rfc822; a@one\.example\r\nAction: failed\r\nStatus: 5\.7\.1/,
  );
});

test('QueueRunner gives the transmitter prefix and body as one', async () => {
  await using world = new QueueWorld();
  let seen = '';
  world.answer = async (_address, { content }) => {
    for await (const chunk of content.stream()) seen += new TextDecoder().decode(chunk);
    seen += `|${new TextDecoder().decode(await content.bytes(13, 21))}`;
    return delivered;
  };
  await world.start();
  await world.send(['a@one.example']);
  assert.equal(
    seen,
    'X-Prefix: yes\r\nFrom: <s@example.org>\r\nMessage-ID: <m@example.org>\r\n\r\nhello\r\n|\r\nFrom: ',
  );
});

test('QueueRunner on a refusal tells the sender once, about all refused recipients, naming the original', async () => {
  await using world = new QueueWorld();
  world.answer = async (address) => (address.startsWith('bad') ? refused : delivered);
  await world.start();
  await world.send(['bad1@one.example', 'good@one.example', 'bad2@one.example']);
  assert.equal(world.notices.length, 1);
  const [notice] = world.notices;
  assert.equal(notice?.to, 's@example.org');
  assert.match(notice?.text ?? '', /References: <m@example\.org>/);
  assert.match(
    notice?.text ?? '',
    /Final-Recipient: rfc822; bad1@one\.example[^]*Final-Recipient: rfc822; bad2@one\.example/,
  );
  assert.match(notice?.text ?? '', /Diagnostic-Code: smtp; 550-5\.1\.1 no such user\r\n 550 5\.1\.1 ask postmaster/);
  assert.match(notice?.text ?? '', /X-Prefix: yes\r\nFrom: <s@example\.org>/);
  assert.doesNotMatch(notice?.text ?? '', /hello/);
  assert.equal(await count(world, 'queue_content'), 0);
});

test('QueueRunner retries at the promised times, tells the delay once, and gives up at the promised end', async () => {
  await using world = new QueueWorld();
  const times: number[] = [];
  const startMs = world.clock.now();
  world.answer = async () => {
    times.push((world.clock.now() - startMs) / minuteMs);
    return deferred;
  };
  await world.start();
  await world.send(['a@one.example']);
  await world.clock.advance(5 * 24 * hourMs);
  const hours = [
    1 + 52.5 / 60,
    3 + 52.5 / 60,
    7 + 52.5 / 60,
    15 + 52.5 / 60,
    23 + 52.5 / 60,
    31 + 52.5 / 60,
    39 + 52.5 / 60,
  ];
  assert.deepEqual(times, [0, 7.5, 22.5, 52.5, ...hours.map((hour) => hour * 60), 48 * 60]);
  assert.deepEqual(
    world.notices.map((n) => n.id),
    ['queue-delayed-1', 'queue-failed-1'],
  );
  assert.match(world.notices[0]?.text ?? '', /Will-Retry-Until: Sat, 03 Jan 2026 00:00:00 \+0000/);
  assert.match(world.notices[1]?.text ?? '', /Action: failed\r\nStatus: 4\.3\.0/);
});

for (const [name, sender, notify, outcome, want] of [
  ['refused, default', 's@example.org', 0, refused, ['queue-failed-1']],
  ['refused, NEVER', 's@example.org', Notify.Never, refused, []],
  ['refused, only SUCCESS', 's@example.org', Notify.Success, refused, []],
  ['refused, null sender', '', 0, refused, []],
  ['delivered, default', 's@example.org', 0, delivered, []],
  ['delivered, SUCCESS', 's@example.org', Notify.Success, delivered, ['queue-relayed-1']],
  ['delivered, SUCCESS passed on', 's@example.org', Notify.Success, { ...delivered, dsnPassedOn: true }, []],
  [
    'delivered for good, SUCCESS',
    's@example.org',
    Notify.Success,
    { ...delivered, final: true },
    ['queue-delivered-1'],
  ],
] as const) {
  test(`QueueRunner notices: ${name}`, async () => {
    await using world = new QueueWorld();
    world.answer = async () => outcome;
    await world.start();
    await world.send([], { sender, recipients: [{ address: 'a@one.example', notify }] });
    assert.deepEqual(
      world.notices.map((n) => n.id),
      want,
    );
  });
}

test('QueueRunner keeps FUTURERELEASE mail until its time; Queue.kick sends it at once', async () => {
  await using world = new QueueWorld();
  await world.start();
  const holdUntilMs = world.clock.now() + 10 * hourMs;
  await world.send(['a@one.example'], { holdUntilMs });
  await world.send(['b@one.example'], { holdUntilMs });
  await world.clock.advance(9 * hourMs);
  assert.equal(world.transmissions.length, 0);
  assert.equal(await world.queue.kick({ recipient: 'B@one.example' }), 1);
  await world.clock.advance(0);
  assert.deepEqual(
    world.transmissions.map(({ recipients: [first] }) => first && writeAddress(first.address)),
    ['b@one.example'],
  );
  await world.clock.advance(hourMs);
  assert.equal(world.transmissions.length, 2);
});

test('QueueRunner counts the age of FUTURERELEASE mail, and its delay, from the release', async () => {
  await using world = new QueueWorld();
  world.answer = async () => deferred;
  await world.start();
  const holdUntilMs = world.clock.now() + 60 * 24 * hourMs;
  await world.send(['a@one.example'], { holdUntilMs });
  await world.clock.advance(60 * 24 * hourMs - 1);
  assert.deepEqual([world.transmissions.length, world.notices.length], [0, 0]);
  await world.clock.advance(hourMs);
  assert.ok(world.transmissions.length > 2);
  assert.equal((await world.queue.list())[0]?.state, 'queued');
  await world.clock.advance(46 * hourMs);
  assert.deepEqual(
    world.notices.map(({ id }) => id.replace(/-\d+$/, '')),
    ['queue-delayed'],
  );
  const until = /Will-Retry-Until: (.*)\r\n/.exec(world.notices[0]?.text ?? '')?.[1] ?? '';
  assert.equal(Date.parse(until), holdUntilMs + 48 * hourMs);
  await world.clock.advance(2 * hourMs);
  assert.equal((await world.queue.list())[0]?.state, 'failed');
});

test('Queue.drop tells nobody, Queue.fail tells the sender, Queue.hold stops delivery', async () => {
  await using world = new QueueWorld();
  world.answer = async () => deferred;
  await world.start();
  await world.send(['a@one.example', 'b@two.example', 'c@three.example']);
  assert.equal(await world.queue.drop({ domain: 'ONE.example' }), 1);
  assert.equal(await world.queue.fail({ domain: 'two.example' }), 1);
  assert.equal(await world.queue.hold({ states: ['queued'] }, true), 1);
  await world.clock.advance(100 * hourMs);
  assert.deepEqual(
    (await world.queue.list()).map((i) => [i.recipient, i.state, i.hold, i.attempts]),
    [
      ['a@one.example', 'dropped', false, 1],
      ['b@two.example', 'failed', false, 1],
      ['c@three.example', 'queued', true, 1],
    ],
  );
  assert.deepEqual(
    world.notices.map((n) => n.id),
    ['queue-failed-2'],
  );
  assert.match(world.notices[0]?.text ?? '', /cancelled by the operator/);
  assert.equal(await world.queue.drop({}), 1);
  assert.equal(await count(world, 'queue_content'), 0);
});

test('Queue with a large body: the blob goes after its row', async () => {
  await using world = new QueueWorld();
  const bytes = new TextEncoder().encode('Subject: large\r\n\r\nbody');
  const { id } = await world.blobs.put('queue', Readable.from([bytes]));
  world.answer = async () => deferred;
  await world.start();
  await world.send(['a@one.example'], { body: { kind: 'blob', id, sizeBytes: 22, crc32: crc32(bytes) } });
  assert.equal((await world.sweeper().sweep()).blobs, 0);
  world.answer = async () => delivered;
  await world.clock.advance(2 * hourMs);
  assert.equal(await count(world, 'queue_garbage'), 1);
  await world.clock.advance(2 * hourMs);
  assert.equal((await world.sweeper().sweep()).blobs, 1);
  assert.deepEqual([world.blobs.size, await count(world, 'queue_garbage')], [0, 0]);
});

test('QueueRunner keeps to the limits, and serves the domains round-robin', async () => {
  await using world = new QueueWorld({ concurrency: 3, concurrencyPerDestination: 2, batchRecipients: 2 });
  let open = 0;
  let most = 0;
  world.answer = async () => {
    open += 1;
    most = Math.max(most, open);
    await world.clock.sleep(1000);
    open -= 1;
    return delivered;
  };
  for (let i = 0; i < 40; i += 1) await world.send([`u${i}@d${i % 5}.example`]);
  await world.start();
  await world.clock.advance(60_000);
  assert.equal(most, 3);
  assert.equal(world.transmissions.length, 40);
  const early = new Set(world.transmissions.slice(0, 20).map((t) => JSON.stringify(t.recipients[0]?.address.domain)));
  assert.equal(early.size, 5);
});

test('QueueRunner defers when the transmitter throws or hangs', async () => {
  await using world = new QueueWorld();
  world.answer = async (address, { signal }) => {
    if (address.startsWith('throw')) throw new Error('bug');
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  await world.start();
  await world.send(['throw@one.example', 'hang@two.example']);
  await world.clock.advance(31 * minuteMs);
  const replies = (await world.queue.list()).map((item) => item.lastReply);
  assert.deepEqual(replies, ['internal error during delivery', 'the attempt took too long']);
});

test('QueueRunner after a crash: what was leased is delivered, a notice that failed is repeated', async () => {
  await using world = new QueueWorld();
  world.answer = async () => new Promise(() => undefined);
  let noticeTries = 0;
  world.onNotice = () => {
    noticeTries += 1;
    if (noticeTries === 1) throw new Error('disk full');
  };
  await world.start();
  await world.send(['a@one.example']);
  assert.equal((await world.queue.list())[0]?.state, 'leased');
  world.answer = async () => refused;
  await world.crash();
  assert.equal((await world.queue.list())[0]?.state, 'failed');
  assert.equal(await count(world, 'queue_content'), 1);
  await world.clock.advance(10 * minuteMs);
  assert.deepEqual(
    world.notices.map((n) => n.id),
    ['queue-failed-1'],
  );
  assert.equal(await count(world, 'queue_content'), 0);
});

/** Message that `QueueWorld.send` queues, but for the letter in its subject. */
const otherBytes = new TextEncoder().encode('From: <s@example.org>\r\nMessage-ID: <m@example.org>\r\n\r\njello\r\n');

for (const [kind, damage] of [
  ['changed', sql`UPDATE queue_content SET bytes = ${otherBytes}`],
  ['missing', sql`DELETE FROM queue_content`],
] as const) {
  test(`QueueRunner: a message whose bytes are ${kind} is not sent on, and its sender gets a notice in the end`, async () => {
    await using world = new QueueWorld({ maxAgeMs: 3 * hourMs });
    let read = 0;
    const reading: QueueWorld['answer'] = async (_address, { content }) => {
      for await (const piece of content.stream()) read += piece.length;
      return delivered;
    };
    world.answer = reading;
    await world.start({ hasExpress: false });
    await world.send(['a@one.example']);
    assert.ok(read > 0);
    world.answer = async () => deferred;
    await world.send(['b@one.example']);
    await world.db.write((tx) => tx.run(damage));
    read = 0;
    world.answer = reading;
    await world.clock.advance(12 * hourMs);
    assert.equal(read, 0);
    assert.deepEqual(
      world.notices.map((notice) => notice.id),
      ['queue-failed-2'],
    );
    assert.doesNotMatch(world.notices[0]?.text ?? '', /[hj]ello/);
    assert.ok(world.log.ofLevel('error').some(({ event }) => event === 'queue.transmissionFailed'));
  });
}
