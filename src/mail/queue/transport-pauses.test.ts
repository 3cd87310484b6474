import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#lib/secret';
import { parseConfigFiles } from '#mail/config';
import { routingTable, type RoutingTable } from '#mail/routes';
import { delivered, QueueWorld, refused } from '#testing/queue-world';
import type { DeliveryOutcome } from './transmitter.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const names = Array.from({ length: 20 }, (_, i) => `user${i}@far.example`);

const wrongPassword: DeliveryOutcome = {
  kind: 'deferred',
  reason: '535 5.7.8 bad credentials',
  reply: { code: 535, enhanced: '5.7.8', text: 'bad credentials' },
  remote: { name: 'relay.example', ip: '192.0.2.9' },
  isLoginRefused: true,
};

/** All mail goes by a relay. */
function table(concurrency: number): RoutingTable {
  const server = `
hostname: mail.example.org
postmaster: alice
listeners: {}
transports: { relay: { kind: smtp, host: relay.example, limits: { concurrency: ${concurrency} } } }
routes: [{ transport: relay }]
`;
  const domains = '{ domains: { example.org: {} }, accounts: { alice: {} } }';
  return routingTable(parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains }));
}

/** A world in which all mail goes by a relay, whose password can be set right. */
class RelayWorld {
  readonly world = new QueueWorld({ keepFinishedMs: 1000 * hourMs });
  readonly runner;
  secret = 'wrong';
  logins = 0;

  constructor(concurrency = 1) {
    const { world } = this;
    world.table = table(concurrency);
    world.answer = async () => {
      this.logins += 1;
      return this.secret === 'right' ? delivered : wrongPassword;
    };
    this.runner = world.runnerOver(world.db, {
      transmit: (transmission) => world.transmit(transmission),
      loginSecret: () => Promise.resolve(new Secret(this.secret)),
    });
  }

  /** Sends one message to each of 20 recipients by the relay, and starts the runner. */
  async begin(): Promise<void> {
    const { world, runner } = this;
    for (const name of names) await world.send([name]);
    await runner.start({ isOnly: true });
    await world.clock.advance(0);
  }

  async states(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { state } of await this.world.queue.list({}, 500)) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner.stop();
    await this.world[Symbol.asyncDispose]();
  }
}

test('TransportPauses: a refused login pauses the transport: one login for 20 messages, and no attempt that counts', async () => {
  await using relay = new RelayWorld();
  await relay.begin();
  assert.equal(relay.logins, 1);
  const items = await relay.world.queue.list({}, 500);
  assert.deepEqual([...new Set(items.map(({ attempts }) => attempts))], [0]);
  const words =
    'transport relay is paused, as its server refused the login of this server (relay.example: 535 5.7.8 bad credentials)';
  assert.deepEqual([...new Set(items.map(({ lastReply }) => lastReply))], [words]);
  assert.deepEqual(
    relay.runner.pauses.map(({ transport, refusals }) => [transport, refusals]),
    [['relay', 1]],
  );
  // The dialogue of the one login can be read; others made none.
  const attempts = await Promise.all(items.map(({ id }) => relay.world.queue.attempts(id)));
  assert.equal(attempts.flat().length, 1);
  await relay.world.send(['late@far.example']);
  await relay.world.clock.advance(minuteMs);
  assert.equal(relay.logins, 1);
});

test('TransportPauses: parallel connections are refused once each, and warn once', async () => {
  await using relay = new RelayWorld(3);
  await relay.begin();
  assert.ok(relay.logins <= 3, String(relay.logins));
  assert.equal(relay.world.log.ofLevel('warn').length, 1);
});

test('TransportPauses: one message tries again after 5, 10, 20, 40 and then each 60 minutes', async () => {
  await using relay = new RelayWorld(3);
  await relay.begin();
  const first = relay.logins;
  const after: number[] = [];
  for (const minutes of [5, 10, 20, 40, 60, 60]) {
    await relay.world.clock.advance((minutes - 1) * minuteMs);
    const before = relay.logins;
    await relay.world.clock.advance(minuteMs + 1);
    after.push(relay.logins - before);
  }
  assert.deepEqual(after, [1, 1, 1, 1, 1, 1]);
  assert.equal(relay.logins, first + 6);
  assert.equal(relay.world.log.ofLevel('warn').length, 1);
  relay.secret = 'right';
  // Without a look at the secret: only the next login finds out.
  await relay.world.clock.advance(61 * minuteMs);
  assert.deepEqual(await relay.states(), { delivered: 20 });
  assert.deepEqual(relay.runner.pauses, []);
});

test('TransportPauses: a changed secret ends the pause within seconds', async () => {
  await using relay = new RelayWorld();
  await relay.begin();
  relay.secret = 'right';
  await relay.world.clock.advance(10_000);
  assert.deepEqual(await relay.states(), { delivered: 20 });
});

test('TransportPauses: an operator ends it, and so do another configuration and another start', async () => {
  await using relay = new RelayWorld();
  await relay.begin();
  assert.deepEqual(relay.runner.resumeTransport('other', 'test'), []);
  assert.deepEqual(relay.runner.resumeTransport('relay', 'test'), ['relay']);
  await relay.world.clock.advance(0);
  assert.equal(relay.logins, 2);
  await relay.world.reroute(relay.world.table);
  assert.equal(relay.logins, 3);
  await relay.runner.stop();
  const other = relay.world.runnerOver(relay.world.db);
  await other.start({ isOnly: true });
  await relay.world.clock.advance(0);
  assert.equal(relay.logins, 4);
  await other.stop();
});

test('TransportPauses: senders hear of the delay and of the end, and no recipient is blamed', async () => {
  await using relay = new RelayWorld();
  await relay.begin();
  await relay.world.clock.advance(50 * hourMs);
  assert.deepEqual(await relay.states(), { failed: 20 });
  const { notices } = relay.world;
  assert.equal(notices.length, 40);
  const last = notices.at(-1)?.text ?? '';
  assert.match(last, /^Status: 4\.3\.5/m);
  assert.doesNotMatch(last, /^Remote-MTA|the recipient's server|check the address/m);
  assert.match(last, /this is trouble\s+of this mail\s+server/);
  assert.ok(relay.logins < 60, String(relay.logins));
});

test('TransportPauses: what a host says of recipients pauses nothing', async () => {
  await using relay = new RelayWorld();
  relay.world.answer = async () => refused;
  await relay.begin();
  assert.deepEqual(await relay.states(), { failed: 20 });
  assert.deepEqual(relay.runner.pauses, []);
});
