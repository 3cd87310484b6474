import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred, delivered, QueueWorld } from '#testing/queue-world';

const minuteMs = 60_000;

/** Answers that wait until they are given, in the order in which they were asked for. */
class Answers {
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(world: QueueWorld) {
    world.answer = async (address) => {
      this.asked.push(address);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return delivered;
    };
  }

  /** Lets the oldest transmission end. */
  async give(world: QueueWorld): Promise<void> {
    this.#waiting.shift()?.();
    await world.clock.advance(0);
  }
}

const states = async (world: QueueWorld): Promise<string[]> => (await world.queue.list()).map(({ state }) => state);

test('Queue.enqueue leases what can be tried at once as it is written', async () => {
  await using world = new QueueWorld();
  const answers = new Answers(world);
  await world.start();
  const before = new Set(world.db.texts);
  await world.send(['a@one.example', 'b@one.example']);
  assert.deepEqual(await states(world), ['leased', 'leased']);
  assert.deepEqual(answers.asked, ['a@one.example']);
  const added = [...world.db.texts].filter((text) => !before.has(text));
  assert.equal(added.filter((text) => text.includes("SET state = 'leased'")).length, 0, 'no row was looked for');
  await answers.give(world);
  await answers.give(world);
  assert.deepEqual(await states(world), ['delivered', 'delivered']);
});

test('Queue.enqueue lets a message wait whose destination has no slot left, and the next slot is its own', async () => {
  await using world = new QueueWorld({ concurrencyPerDestination: 1 });
  const answers = new Answers(world);
  await world.start();
  await world.send(['first@one.example']);
  await world.send(['second@one.example']);
  assert.deepEqual(await states(world), ['leased', 'queued']);
  await answers.give(world);
  await world.send(['third@one.example']);
  assert.deepEqual(answers.asked, ['first@one.example', 'second@one.example']);
  await answers.give(world);
  await answers.give(world);
  assert.deepEqual(answers.asked, ['first@one.example', 'second@one.example', 'third@one.example']);
  assert.deepEqual(await states(world), ['delivered', 'delivered', 'delivered']);
});

test('Queue.enqueue keeps the limit of all transmissions', async () => {
  await using world = new QueueWorld({ concurrency: 2 });
  const answers = new Answers(world);
  await world.start();
  for (const name of ['one', 'two', 'three']) await world.send([`a@${name}.example`]);
  assert.deepEqual(answers.asked, ['a@one.example', 'a@two.example']);
  for (let i = 0; i < 3; i += 1) await answers.give(world);
  assert.deepEqual(await states(world), ['delivered', 'delivered', 'delivered']);
});

test('Queue.enqueue: what was deferred at once is tried again in time', async () => {
  await using world = new QueueWorld();
  world.answer = async () => deferred;
  await world.start();
  await world.send(['a@one.example']);
  assert.equal(world.transmissions.length, 1);
  await world.clock.advance(8 * minuteMs);
  assert.equal(world.transmissions.length, 2);
});

test('Queue.enqueue: a crash during the first transmission leads to another one', async () => {
  await using world = new QueueWorld();
  const answers = new Answers(world);
  await world.start();
  await world.send(['a@one.example']);
  assert.deepEqual(await states(world), ['leased']);
  await world.crash();
  assert.deepEqual(answers.asked, ['a@one.example', 'a@one.example']);
  for (let i = 0; i < 2; i += 1) await answers.give(world);
  assert.deepEqual(await states(world), ['delivered']);
});

test('Queue.enqueue after the runner has stopped leaves the message for the next start', async () => {
  await using world = new QueueWorld();
  await world.start();
  await world.stop();
  await world.send(['a@one.example']);
  assert.deepEqual(await states(world), ['queued']);
});

test('QueueRunner.stop waits for a slot that was taken', async () => {
  await using world = new QueueWorld();
  const runner = world.runnerOver(world.db);
  await runner.start({ isOnly: true });
  const reservation = runner.reserve({ transport: '', destination: 'one.example' });
  let isStopped = false;
  const stopping = runner.stop().then(() => {
    isStopped = true;
  });
  await world.clock.advance(0);
  assert.equal(isStopped, false);
  reservation?.cancel();
  await stopping;
});

test('Queue.enqueue gives the slot back when the message cannot be written', async () => {
  await using world = new QueueWorld({ concurrencyPerDestination: 1 });
  await world.start();
  const id = await world.send(['a@one.example'], { fromId: 'twice' });
  await assert.rejects(world.send(['b@one.example'], { fromId: 'twice' }));
  await world.send(['c@one.example']);
  assert.equal(id, 1);
  assert.deepEqual(await states(world), ['delivered', 'delivered']);
});
