import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { accountId, recipientId } from '#lib/ids';
import { parseConfigFiles } from '#mail/config';
import type { Transmission } from '#mail/queue';
import { routingTable, type RoutingTable } from '#mail/routes';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { simulationRuns } from '#testing/store-databases';

const hourMs = 60 * 60_000;

/** Routes as in the files, with the transports that tests use. */
function table(routes: string, accountRoutes = '[]'): RoutingTable {
  const server = `
hostname: mail.example.org
postmaster: alice
listeners: {}
transports:
  relay: { kind: smtp, host: relay.example, limits: { concurrency: 2 } }
  slow: { kind: smtp, host: slow.example, limits: { messages: 3, per: 1h } }
  proxy: { kind: socks, host: 127.0.0.1, limits: { concurrency: 3 } }
  never: { kind: fail }
routes: ${routes}
`;
  const domains = `{ domains: { example.org: {} }, accounts: { alice: { routes: ${accountRoutes} } } }`;
  return routingTable(parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains }));
}

/** Describes the route of a transmission, and its recipients. */
function way({ route, recipients }: Transmission): string {
  const by = route.kind === 'transport' ? route.name : route.kind;
  return `${by} ${recipients.map(({ address }) => writeAddress(address)).join(' ')}`;
}

test('QueueRunner asks the routes anew for each attempt: a third party from the 4th on', async () => {
  await using world = new QueueWorld();
  world.table = table('[{ minimumAttempts: 3, transport: relay }]');
  world.answer = async (_address, { route }) => (route.kind === 'direct' ? deferred : delivered);
  await world.start();
  await world.send(['a@one.example', 'b@two.example']);
  await world.clock.advance(24 * hourMs);
  assert.deepEqual(world.transmissions.map(way), [
    ...Array.from({ length: 3 }, () => ['direct a@one.example', 'direct b@two.example']).flat(),
    'relay a@one.example b@two.example',
  ]);
  const attempts = await world.queue.attempts(recipientId(1));
  assert.deepEqual(
    attempts.map(({ outcome, transport, route }) => [outcome, transport, route?.split('\n')[0]]),
    [
      ...Array.from({ length: 3 }, () => ['deferred', null, 'direct, to the hosts of one.example: no route matches']),
      ['delivered', 'relay', 'by transport relay, to relay.example port 25: routes.0 in server.yaml matches'],
    ],
  );
  assert.match(attempts[0]?.route ?? '', /^not routes\.0 in server\.yaml: only from attempt 4 on$/m);
});

test('QueueRunner over days with routes that change from the 4th attempt: whatever fails first, every recipient is delivered once', async () => {
  for (let seed = 1; seed <= simulationRuns(20); seed += 1) {
    await using world = new QueueWorld({}, seed);
    world.table = table('[{ toDomain: [.odd.example], minimumAttempts: 3, transport: relay }]');
    const taken: string[] = [];
    let asked = seed;
    world.answer = async (address, { route, recipients }) => {
      asked += 1;
      const attempts = recipients[0]?.attempts ?? 0;
      assert.equal(route.kind === 'transport', address.endsWith('.odd.example') && attempts >= 3);
      if (asked % 7 === 0) throw new Error('bug');
      if (attempts < 5 && asked % 3 !== 0) return deferred;
      taken.push(address);
      return delivered;
    };
    await world.start();
    const all: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const to = [`m${i}@a.odd.example`, `m${i}@b.odd.example`, `m${i}@even.example`];
      all.push(...to);
      await world.send(to);
      await world.clock.advance(i * hourMs);
      if (i === 3) await world.crash();
    }
    await world.clock.advance(72 * hourMs);
    assert.deepEqual(new Set(taken), new Set(all));
    const open = await world.queue.list({ states: ['queued', 'leased', 'failed'] });
    assert.deepEqual(open, []);
  }
});

test('QueueRunner makes one transmission for recipients of several domains that go to one relay', async () => {
  await using world = new QueueWorld();
  world.table = table('[{ toDomain: [x.example, y.example], transport: relay }]');
  await world.start();
  await world.send(['a@x.example', 'b@y.example', 'c@z.example']);
  assert.deepEqual(world.transmissions.map(way).toSorted(), ['direct c@z.example', 'relay a@x.example b@y.example']);
});

test('QueueRunner knows the routes of the account', async () => {
  await using world = new QueueWorld();
  world.table = table('[]', '[{ transport: never }]');
  const account = accountId(7);
  await world.start();
  await world.send(['a@x.example'], { account });
  assert.equal(world.transmissions.map(way).at(-1), 'direct a@x.example');
  world.accountNames.set(account, 'alice');
  await world.send(['b@x.example'], { account });
  assert.equal(world.transmissions.map(way).at(-1), 'never b@x.example');
});

test('QueueRunner: a transport that is full stalls no other, and keeps to its connections', async () => {
  await using world = new QueueWorld({ batchRecipients: 1 });
  world.table = table(
    '[{ toDomain: [.relay.example], transport: relay }, { toDomain: [.proxy.example], transport: proxy }]',
  );
  const open = new Map<string, number>();
  const most = new Map<string, number>();
  const waiting: (() => void)[] = [];
  world.answer = async (_address, transmission) => {
    const [name = ''] = way(transmission).split(' ');
    open.set(name, (open.get(name) ?? 0) + 1);
    most.set(name, Math.max(most.get(name) ?? 0, open.get(name) ?? 0));
    if (name !== 'direct') await new Promise<void>((resolve) => waiting.push(resolve));
    open.set(name, (open.get(name) ?? 0) - 1);
    return delivered;
  };
  await world.start();
  for (let i = 0; i < 8; i += 1) await world.send([`a@d${i}.relay.example`, `a@d${i}.proxy.example`]);
  await world.send(['a@fast.example']);
  await world.clock.advance(0);
  assert.equal(world.transmissions.map(way).filter((line) => line === 'direct a@fast.example').length, 1);
  for (let i = 0; i < 40; i += 1) {
    waiting.shift()?.();
    await world.clock.advance(0);
  }
  assert.deepEqual(Object.fromEntries(most), { relay: 2, proxy: 3, direct: 1 });
  assert.equal(world.transmissions.length, 17);
});

test('QueueRunner lets no more messages go than a transport takes in its time, and then the next at once', async () => {
  await using world = new QueueWorld();
  world.table = table('[{ transport: slow }]');
  await world.start();
  for (let i = 0; i < 7; i += 1) await world.send([`a${i}@x.example`, `b${i}@y.example`]);
  const counts: number[] = [];
  for (let hour = 0; hour < 3; hour += 1) {
    counts.push(world.transmissions.length);
    await world.clock.advance(hourMs);
  }
  assert.deepEqual(counts, [3, 6, 7]);
  for (let i = 0; i < 4; i += 1) await world.send([`c${i}@x.example`]);
  assert.equal(world.transmissions.length, 10);
  await world.crash();
  assert.equal(world.transmissions.length, 10, 'a restart does not forget what went before');
  await world.clock.advance(hourMs);
  assert.equal(world.transmissions.length, 11);
  assert.equal((await world.queue.list({ states: ['delivered'] })).length, 18);
});

test('QueueRunner: whoever waits for a transport need not when routes change', async () => {
  await using world = new QueueWorld();
  world.table = table('[{ transport: slow }]');
  await world.start();
  for (let i = 0; i < 5; i += 1) await world.send([`a${i}@x.example`]);
  assert.equal(world.transmissions.length, 3);
  await world.reroute(table('[]'));
  await world.clock.advance(0);
  assert.deepEqual(world.transmissions.slice(3).map(way), ['direct a3@x.example', 'direct a4@x.example']);
});

test('Queue.setTransport: an operator’s transport comes before routes until it is taken back; one that is gone is for later', async () => {
  await using world = new QueueWorld();
  world.table = table('[{ transport: never }]');
  world.answer = async (_address, { route }) =>
    route.kind === 'missing' ? { kind: 'deferred', reason: 'not there', reply: null, remote: null } : delivered;
  await world.send(['a@x.example', 'b@x.example', 'c@x.example', 'd@x.example']);
  assert.equal(await world.queue.setTransport({ ids: [recipientId(1)] }, 'relay'), 1);
  assert.equal(await world.queue.setTransport({ ids: [recipientId(2), recipientId(4)] }, 'direct'), 2);
  assert.equal(await world.queue.setTransport({ ids: [recipientId(3)] }, 'gone'), 1);
  assert.equal(await world.queue.setTransport({ ids: [recipientId(4)] }, null), 1);
  assert.deepEqual(
    (await world.queue.list()).map(({ transport }) => transport),
    ['relay', 'direct', 'gone', null],
  );
  await world.start();
  assert.deepEqual(world.transmissions.map(way).toSorted(), [
    'direct b@x.example',
    'missing c@x.example',
    'never d@x.example',
    'relay a@x.example',
  ]);
  const [attempt] = await world.queue.attempts(recipientId(3));
  assert.deepEqual([attempt?.transport, attempt?.reply], ['gone', 'not there']);
  assert.equal(attempt?.route, 'nowhere for now: an operator set the transport gone');
  world.answer = async () => refused;
  await world.queue.setTransport({ ids: [recipientId(3)] }, null);
  await world.queue.kick({ ids: [recipientId(3)] });
  await world.clock.advance(0);
  assert.equal(world.transmissions.map(way).at(-1), 'never c@x.example');
});

test('QueueRunner: when nobody can say where mail goes, it is given back at once and tried a minute later', async () => {
  await using world = new QueueWorld();
  world.answer = async () => deferred;
  await world.start();
  await world.send(['a@one.example'], { account: accountId(1) });
  world.answer = async () => delivered;
  const { accountNames } = world;
  accountNames.get = () => {
    throw new Error('disk I/O error');
  };
  await world.clock.advance(8 * 60_000);
  const states = async (): Promise<string[]> => (await world.queue.list()).map(({ state }) => state);
  assert.deepEqual(await states(), ['queued']);
  accountNames.get = Map.prototype.get.bind(accountNames) as typeof accountNames.get;
  await world.clock.advance(61_000);
  assert.deepEqual(await states(), ['delivered']);
});
