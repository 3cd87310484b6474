import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { accountId } from '#lib/ids';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { HoldRules, Notify, type DeliveryOutcome } from './index.ts';

const hourMs = 60 * 60_000;
const ann = accountId(1);

const outbox = async (world: QueueWorld): Promise<string[]> =>
  (await world.db.rows('SELECT event, body FROM webhook_outbox ORDER BY id')).map(({ event, body }) => {
    const { to, attempts, suppresses } = JSON.parse(String(body)) as Record<string, unknown>;
    return `${String(event)} ${String(to)} ${String(attempts)} ${String(suppresses)}`;
  });

test('Queue: a refused address is suppressed; the next mail to it fails untried, with a notice that says how to lift that', async () => {
  await using world = new QueueWorld();
  world.policy = { suppressesRefused: true, tellsWebhooks: true };
  world.accountNames.set(ann, 'ann');
  world.answer = async (address) => (address.startsWith('bad') ? refused : delivered);
  await world.start();
  const first = await world.send(['bad@one.example'], { account: ann });
  const { items } = await world.suppressions.list(ann);
  assert.deepEqual(
    items.map(({ address, source, reason, message }) => [address, source, reason, message]),
    [['bad@one.example', 'refused', '550-5.1.1 no such user\n550 5.1.1 ask postmaster', first]],
  );
  assert.deepEqual(
    (await world.queue.events(first)).slice(0, 1).map(({ kind, detail }) => [kind, detail['address']]),
    [['suppressing', 'bad@one.example']],
  );
  world.transmissions.length = 0;
  const second = await world.send(['Bad+tag@one.example', 'good@one.example'], { account: ann });
  assert.deepEqual(
    world.transmissions.flatMap(({ recipients }) => recipients.map(({ address }) => writeAddress(address))),
    ['good@one.example'],
  );
  const listed = await world.queue.list({ message: second });
  assert.deepEqual(
    listed.map(({ state, attempts }) => [state, attempts]),
    [
      ['failed', 0],
      ['delivered', 1],
    ],
  );
  const text = world.notices[1]?.text ?? '';
  assert.match(text, /not tried: this account has sent nothing to bad@one\.example since 2\d{3}-\d\d-\d\d/);
  assert.match(text, /550-5\.1\.1 no such user/);
  assert.match(
    text,
    /To send to it before 2\d{3}-\d\d-\d\d, have it taken .*: godwit suppression remove ann bad@one\.example/,
  );
  assert.match(text, /Status: 5\.7\.1/);
  assert.doesNotMatch(text, /Last-Attempt-Date|Remote-MTA/);
  assert.equal((await world.queue.events(second))[0]?.kind, 'suppressed');
  assert.deepEqual(await outbox(world), [
    'failed bad@one.example 1 true',
    'suppressed Bad+tag@one.example 0 false',
    'delivered good@one.example 1 false',
  ]);
  await world.suppressions.remove(ann, 'bad@one.example');
  world.answer = async () => delivered;
  await world.send(['bad@one.example'], { account: ann });
  assert.equal((await world.queue.list({ recipient: 'bad@one.example', states: ['delivered'] })).length, 1);
});

test('Queue: nothing is suppressed for accounts that do not want it, for others, and for the server itself', async () => {
  await using world = new QueueWorld();
  world.answer = async () => refused;
  world.policy = { suppressesRefused: false, tellsWebhooks: false };
  await world.start();
  await world.send(['bad@one.example'], { account: ann });
  await world.send(['bad@one.example']);
  assert.deepEqual((await world.suppressions.list()).items, []);
  const added = { account: ann, address: 'bad@one.example', source: 'operator', reason: '', message: null } as const;
  await world.suppressions.add(added);
  await world.send(['bad@one.example'], { account: accountId(2) });
  await world.send(['bad@one.example']);
  assert.equal(world.transmissions.length, 4);
  assert.deepEqual(await outbox(world), []);
});

test('Queue: suppressed recipients honour NOTIFY, and leave nothing behind when finished rows are not kept', async () => {
  await using world = new QueueWorld({ keepFinishedMs: 0 });
  const added = {
    account: ann,
    address: 'bad@one.example',
    source: 'operator',
    reason: 'asked',
    message: null,
  } as const;
  await world.suppressions.add(added);
  await world.start();
  const quiet = { address: 'bad@one.example', notify: Notify.Never };
  await world.send([], { account: ann, recipients: [quiet] });
  await world.send([], { account: ann, recipients: [{ ...quiet, notify: Notify.Success }] });
  assert.deepEqual(world.notices, []);
  await world.send(['bad@one.example'], { account: ann });
  assert.equal(world.notices.length, 1);
  for (const table of ['queue_message', 'queue_content', 'queue_recipient', 'queue_event']) {
    assert.deepEqual(await world.db.rows(`SELECT count(*) AS n FROM ${table}`), [{ n: 0 }], table);
  }
});

test('HoldRules: what matches all conditions starts on hold, until released', async () => {
  await using world = new QueueWorld();
  const rules = new HoldRules({ db: world.db, clock: world.clock });
  await world.start();
  await assert.rejects(rules.add({ account: null, senderDomain: null, recipientDomain: null }, ''), RangeError);
  const rule = await rules.add({ account: ann, senderDomain: null, recipientDomain: 'Two.example' }, 'new account');
  assert.deepEqual(await rules.add({ account: ann, senderDomain: null, recipientDomain: 'two.EXAMPLE' }, ''), rule);
  const bySender = await rules.add({ account: null, senderDomain: 'odd.example', recipientDomain: null }, 'odd');
  assert.deepEqual(await rules.list(), [rule, bySender]);
  const mail = await world.send(['a@one.example', 'a@TWO.example'], { account: ann });
  await world.send(['b@two.example'], { account: accountId(2) });
  await world.send(['c@one.example'], { sender: 'x@ODD.example' });
  const held = await world.queue.list({ hold: true });
  assert.deepEqual(
    held.map(({ recipient, state }) => [recipient, state]),
    [
      ['a@two.example', 'queued'],
      ['c@one.example', 'queued'],
    ],
  );
  assert.deepEqual(
    (await world.queue.events(mail)).map(({ kind, recipient, detail }) => [kind, recipient, detail]),
    [['heldByRule', held[0]?.id, { rule: rule.id, reason: 'new account' }]],
  );
  assert.equal(await rules.remove(rule.id), true);
  assert.equal(await rules.remove(rule.id), false);
  assert.equal(await world.queue.hold({ message: mail }, false), 1);
  await world.clock.advance(0);
  assert.equal((await world.queue.list({ states: ['delivered'] })).length, 3);
});

test('Queue.hold: who was held for longer than mail is tried gets the whole time after the release', async () => {
  await using world = new QueueWorld();
  const rules = new HoldRules({ db: world.db, clock: world.clock });
  await rules.add({ account: null, senderDomain: null, recipientDomain: 'one.example' }, 'looks odd');
  await world.start();
  await world.send(['a@one.example']);
  await world.clock.advance(100 * hourMs);
  assert.deepEqual(await world.queue.count(), { waiting: 1, held: 1 });
  assert.deepEqual([world.transmissions.length, world.notices.length], [0, 0]);
  world.answer = async () => deferred;
  const releasedMs = world.clock.now();
  await world.queue.hold({}, false);
  await world.crash();
  assert.deepEqual(
    (await world.queue.list()).map(({ state, attempts }) => [state, attempts]),
    [['queued', 1]],
  );
  await world.clock.advance(8 * hourMs);
  const [, until = ''] = /Will-Retry-Until: (.*)\r\n/.exec(world.notices[0]?.text ?? '') ?? [];
  assert.equal(Date.parse(until), releasedMs + 48 * hourMs);
  await world.clock.advance(39 * hourMs);
  assert.equal((await world.queue.list())[0]?.state, 'queued');
  await world.clock.advance(2 * hourMs);
  assert.equal((await world.queue.list())[0]?.state, 'failed');
});

test('Queue: what operators do is kept with the message until it is swept', async () => {
  await using world = new QueueWorld();
  world.policy = { suppressesRefused: true, tellsWebhooks: true };
  world.answer = async () => deferred;
  await world.start();
  const message = await world.send(['a@one.example', 'b@one.example'], { account: ann });
  await world.stop();
  const { queue } = world;
  const b = { message, recipient: 'b@one.example' };
  assert.equal(await queue.hold({ message }, true), 2);
  assert.equal(await queue.hold({ message }, true), 0);
  assert.equal(await queue.kick({ message }), 0);
  assert.equal(await queue.kick({ message, hold: true }), 0);
  assert.equal(await queue.hold(b, false), 1);
  await queue.kick(b);
  await queue.setTransport(b, 'direct');
  await queue.setTls(b, 'optional');
  await queue.drop(b);
  await queue.fail({ message }, 'not wanted');
  const [first, second] = await queue.list({ message });
  assert.deepEqual(
    (await queue.events(message)).map(({ kind, recipient, detail }) => [kind, recipient, detail]),
    [
      ['held', first?.id, {}],
      ['held', second?.id, {}],
      ['released', second?.id, {}],
      ['kicked', second?.id, {}],
      ['transport', second?.id, { transport: 'direct' }],
      ['tls', second?.id, { tls: 'optional' }],
      ['dropped', second?.id, {}],
      ['failed', first?.id, { reason: 'not wanted' }],
    ],
  );
  assert.deepEqual((await outbox(world)).slice(-1), ['failed a@one.example 1 false']);
  await world.crash();
  await world.clock.advance(200 * hourMs);
  await world.sweeper().sweep();
  assert.deepEqual(await queue.events(message), []);
});

test('Queue.setTls: recipients with other demands travel apart; null is what the sender demanded', async () => {
  await using world = new QueueWorld();
  let answer: DeliveryOutcome = deferred;
  world.answer = async () => answer;
  await world.start();
  const message = await world.send(['a@one.example', 'b@one.example', 'c@one.example'], { tls: 'required' });
  await world.queue.setTls({ message }, 'optional');
  await world.queue.setTls({ message, recipient: 'b@one.example' }, null);
  world.transmissions.length = 0;
  answer = delivered;
  await world.queue.kick({ message });
  await world.clock.advance(0);
  assert.deepEqual(
    world.transmissions
      .map(({ tls, recipients }) => [tls, recipients.map(({ address }) => writeAddress(address))])
      .toSorted(),
    [
      ['optional', ['a@one.example', 'c@one.example']],
      ['required', ['b@one.example']],
    ],
  );
  assert.deepEqual(
    (await world.queue.list({ message })).map(({ tls }) => tls),
    ['optional', null, 'optional'],
  );
});
