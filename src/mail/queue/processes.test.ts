import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { writeAddress } from '#lib/address';
import { recipientId } from '#lib/ids';
import type { Database } from '#ports/database';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { simulationRuns } from '#testing/store-databases';
import type { DeliveryOutcome, QueueRunner, Transmission } from './index.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const never = new Promise<never>(() => undefined);

/** A process that works on the queue of a world; once killed it neither does nor learns anything more, and while it sleeps it touches no row. */
class Process {
  isDead = false;
  /** The machine sleeps until then. */
  wakesMs = 0;
  readonly runner: QueueRunner;

  constructor(world: QueueWorld, transmit: (by: Process, transmission: Transmission) => Promise<DeliveryOutcome[]>) {
    const alive = async <T>(work: () => Promise<T>): Promise<T> => {
      const asleepMs = this.wakesMs - world.clock.now();
      if (asleepMs > 0) await world.clock.sleep(asleepMs);
      if (this.isDead) return await never;
      const result = await work();
      return this.isDead ? await never : result;
    };
    const db: Database = {
      dialect: 'sqlite',
      read: (body) => alive(() => world.db.read(body)),
      write: (body) => alive(() => world.db.write(body)),
      durable: () => alive(() => world.db.durable()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    this.runner = world.runnerOver(db, { transmit: (transmission) => alive(() => transmit(this, transmission)) });
  }
}

/** Several processes on one queue, and who holds what. */
class Cluster {
  readonly world: QueueWorld;
  readonly processes: Process[] = [];
  /** Recipients that a runner works on, with the end of the lease, by row id. */
  readonly #held = new Map<number, number>();
  readonly answer: (by: Process, address: string) => Promise<DeliveryOutcome>;

  constructor(world: QueueWorld, answer: (by: Process, address: string) => Promise<DeliveryOutcome>) {
    this.world = world;
    this.answer = answer;
  }

  async begin(): Promise<Process> {
    const process = new Process(this.world, (by, transmission) => this.#transmit(by, transmission));
    this.processes.push(process);
    await process.runner.start({ isOnly: false });
    return process;
  }

  async stop(): Promise<void> {
    for (const process of this.processes) if (!process.isDead) await process.runner.stop();
  }

  async #transmit(by: Process, { recipients }: Transmission): Promise<DeliveryOutcome[]> {
    const { world } = this;
    for (const { id } of recipients) {
      assert.ok(world.clock.now() >= (this.#held.get(id) ?? 0), `recipient ${id} is in other hands`);
      const rows = await world.db.rows('SELECT state, lease_until_ms AS until FROM queue_recipient WHERE id = ?', id);
      const { state, until } = { ...rows[0] };
      assert.equal(state, 'leased');
      this.#held.set(id, Number(until));
    }
    const outcomes: DeliveryOutcome[] = [];
    for (const { address } of recipients) outcomes.push(await this.answer(by, writeAddress(address)));
    // Who is awake records at once and lets go; of the others the lease has to end.
    if (!by.isDead && by.wakesMs <= world.clock.now()) for (const { id } of recipients) this.#held.delete(id);
    return outcomes;
  }
}

/** Leases end after the time of an attempt, of a lane, and some slack. */
const leaseMs = 35.5 * minuteMs;

test('QueueRunner takes over what a process that died had leased, when the lease ends, and not before', async () => {
  await using world = new QueueWorld();
  let mayDie = true;
  const cluster = new Cluster(world, async (by) => {
    if (!mayDie) return delivered;
    mayDie = false;
    by.isDead = true;
    return await never;
  });
  await cluster.begin();
  await cluster.begin();
  await world.send(['a@one.example']);
  await world.clock.advance(leaseMs - 1000);
  assert.equal((await world.queue.list())[0]?.state, 'leased');
  await world.clock.advance(2000);
  const [item] = await world.queue.list();
  assert.deepEqual([item?.state, item?.attempts], ['delivered', 1]);
  await cluster.stop();
});

for (const { title, late, states, kinds } of [
  {
    title: 'a refusal that comes after the lease is not recorded over what another process found',
    late: refused,
    states: ['delivered'],
    kinds: ['lateOutcome'],
  },
  {
    title: 'a delivery that comes after the lease counts once when another process delivered too',
    late: delivered,
    states: ['delivered'],
    kinds: ['lateOutcome'],
  },
]) {
  test(`QueueRunner: ${title}`, async () => {
    await using world = new QueueWorld();
    let isFirst = true;
    const cluster = new Cluster(world, async (by) => {
      if (!isFirst) return delivered;
      isFirst = false;
      by.wakesMs = world.clock.now() + 40 * minuteMs;
      return late;
    });
    await cluster.begin();
    await cluster.begin();
    const message = await world.send(['a@one.example']);
    await world.clock.advance(hourMs);
    const items = await world.queue.list();
    assert.deepEqual(
      items.map(({ state }) => state),
      states,
    );
    assert.deepEqual(
      (await world.queue.attempts(items[0]?.id ?? recipientId(1))).map(({ outcome }) => outcome),
      ['delivered'],
    );
    assert.deepEqual(
      (await world.queue.events(message)).map(({ kind }) => kind),
      kinds,
    );
    assert.deepEqual(world.notices, []);
    await cluster.stop();
  });
}

test('QueueRunner: a delivery that comes after the lease counts when nobody has tried since', async () => {
  await using world = new QueueWorld();
  let attempts = 0;
  const cluster = new Cluster(world, async (by) => {
    attempts += 1;
    by.wakesMs = world.clock.now() + 40 * minuteMs;
    return delivered;
  });
  const sleeper = await cluster.begin();
  const message = await world.send(['a@one.example']);
  await cluster.begin();
  // The other one gives the recipient back, and an operator is faster than its next attempt.
  await world.clock.advance(30 * minuteMs);
  await world.db.exec("UPDATE queue_recipient SET state = 'queued', lease = NULL, lease_until_ms = NULL, hold = 1");
  await world.clock.advance(hourMs);
  const [item] = await world.queue.list();
  assert.deepEqual([item?.state, item?.attempts, attempts], ['delivered', 1, 1]);
  assert.deepEqual(await world.queue.events(message), []);
  assert.equal(sleeper.isDead, false);
  await cluster.stop();
});

test('QueueRunner: a transmitter that heeds no signal is left alone in time, and recorded as one that took too long', async () => {
  await using world = new QueueWorld();
  const cluster = new Cluster(world, () => never);
  await cluster.begin();
  await world.send(['a@one.example']);
  await world.clock.advance(leaseMs - minuteMs);
  const [item] = await world.queue.list();
  assert.deepEqual([item?.state, item?.attempts, item?.lastReply], ['queued', 1, 'the attempt took too long']);
  await cluster.stop();
});

test('QueueRunner: two processes tell the sender once, and do what belongs to a notice once', async () => {
  await using world = new QueueWorld();
  let steps = 0;
  world.passNotice = async ({ whenTold }) => {
    await world.clock.sleep(1000);
    whenTold(async () => {
      steps += 1;
    });
  };
  const cluster = new Cluster(world, () => Promise.resolve(refused));
  await cluster.begin();
  await cluster.begin();
  const message = await world.send(['a@one.example']);
  await world.queue.hold({}, true);
  await world.clock.advance(hourMs);
  assert.equal(steps, 1);
  assert.equal(new Set(world.notices.map(({ id }) => id)).size, 1);
  const told = (await world.queue.events(message)).filter(({ kind }) => kind === 'told');
  assert.equal(told.length, 1);
  await cluster.stop();
});

type Fault = 'deliver' | 'defer' | 'refuse' | 'killBefore' | 'killAfter' | 'slow' | 'sleepyDelivery' | 'sleepyRefusal';

const scenario = fc.record({
  processes: fc.integer({ min: 2, max: 3 }),
  messages: fc.array(
    fc.record({ recipients: fc.integer({ min: 1, max: 4 }), waitMs: fc.integer({ min: 0, max: 3 * hourMs }) }),
    { minLength: 1, maxLength: 6 },
  ),
  faults: fc.array(
    fc.constantFrom<Fault>(
      'deliver',
      'deliver',
      'defer',
      'defer',
      'refuse',
      'killBefore',
      'killAfter',
      'slow',
      'sleepyDelivery',
      'sleepyRefusal',
    ),
    { minLength: 1, maxLength: 20 },
  ),
});

test('QueueRunner, two or three processes and random kills: every recipient ends once, and no living lease is taken', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ processes, messages, faults }) => {
      await using world = new QueueWorld({ keepFinishedMs: 1000 * hourMs });
      const taken = new Set<string>();
      let next = 0;
      let killsLeft = 12;
      let sleepsLeft = 12;
      const cluster = new Cluster(world, async (by, address) => {
        const what = faults[next++ % faults.length];
        if (what === 'defer') return deferred;
        if (what === 'refuse') return refused;
        if (what === 'slow') await world.clock.sleep(10 * minuteMs);
        if ((what === 'sleepyDelivery' || what === 'sleepyRefusal') && sleepsLeft > 0) {
          sleepsLeft -= 1;
          by.wakesMs = world.clock.now() + 50 * minuteMs;
        }
        if (what === 'sleepyRefusal') return refused;
        if (what !== 'killBefore') taken.add(address);
        if ((what === 'killBefore' || what === 'killAfter') && killsLeft > 0) {
          killsLeft -= 1;
          by.isDead = true;
          world.clock.timer((killsLeft % 4) * 17 * minuteMs, () => void cluster.begin());
          return await never;
        }
        return what === 'killBefore' ? deferred : delivered;
      });
      for (let i = 0; i < processes; i += 1) await cluster.begin();
      const accepted: string[] = [];
      for (const [i, { recipients, waitMs }] of messages.entries()) {
        const to = Array.from({ length: recipients }, (_, r) => `m${i}r${r}@d${r % 2}.example`);
        accepted.push(...to);
        await world.send(to);
        await world.clock.advance(waitMs);
      }
      for (let day = 0; day < 10; day += 1) await world.clock.advance(24 * hourMs);
      const items = await world.queue.list({}, 500);
      assert.deepEqual(
        items.map(({ recipient }) => recipient),
        accepted,
      );
      const told = new Map(world.notices.map((notice) => [notice.id, notice.text]));
      for (const { id, recipient, state } of items) {
        const outcomes = (await world.queue.attempts(id)).map(({ outcome }) => outcome);
        const ends = outcomes.filter((outcome) => outcome !== 'deferred');
        const failures = [...told].filter(
          ([name, text]) =>
            name.startsWith('queue-failed-') && text.includes(`Final-Recipient: rfc822; ${recipient}\r\n`),
        );
        if (state === 'delivered') assert.deepEqual([ends, failures.length], [['delivered'], 0]);
        else {
          assert.equal(state, 'failed', `${recipient} is ${state}`);
          assert.equal(failures.length, 1);
          assert.ok(ends.length === 0 || (ends.length === 1 && ends[0] === 'refused'), ends.join());
        }
        if (state === 'delivered') assert.ok(taken.has(recipient));
      }
      assert.deepEqual(
        world.log.ofLevel('error').filter(({ event }) => event !== 'queue.transmissionFailed'),
        [],
      );
      await cluster.stop();
    }),
    { numRuns: simulationRuns(15), seed: 5321 },
  );
});
