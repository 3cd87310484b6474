import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionError } from '#ports/conditions';
import type { Database, WriteSpace } from '#ports/database';
import { delivered, QueueWorld } from '#testing/queue-world';

/** The database of a world on a disk that can become full. */
class FullDatabase implements Database {
  readonly dialect: Database['dialect'];
  isFull = false;
  /** True when operations that free space may write. */
  hasReserve = true;
  /** Writes that were refused. */
  refused = 0;
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
    this.dialect = db.dialect;
  }

  read: Database['read'] = (body) => this.#db.read(body);

  write: Database['write'] = (body, space: WriteSpace = 'common') => {
    if (this.isFull && !(this.hasReserve && space === 'reserve')) {
      this.refused += 1;
      return Promise.reject(new ConditionError('diskFull', 'server.db'));
    }
    return this.#db.write(body, space);
  };

  durable(): Promise<void> {
    return this.#db.durable();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The world closes it.
  }
}

test('QueueRunner.stop ends while the disk is full; the outcome that could not be recorded is tried again, not lost', async () => {
  await using world = new QueueWorld();
  const db = new FullDatabase(world.db);
  const runner = world.runnerOver(db);
  await runner.start({ isOnly: true });
  world.answer = async () => {
    db.isFull = true;
    db.hasReserve = false;
    return delivered;
  };
  await world.send(['a@example.net']);
  await world.clock.advance(60_000);
  assert.ok(db.refused > 10, 'it keeps trying while the server runs');
  assert.equal((await world.queue.list())[0]?.state, 'leased');

  let hasStopped = false;
  const stopping = runner.stop().then(() => {
    hasStopped = true;
  });
  await world.clock.advance(10_000);
  assert.equal(hasStopped, true);
  await stopping;
  assert.deepEqual(world.log.events.at(-1)?.event, 'queue.outcomesNotRecorded');

  db.isFull = false;
  world.answer = async () => delivered;
  await world.start();
  assert.equal((await world.queue.list())[0]?.state, 'delivered');
  assert.equal(world.transmissions.length, 2);
});

test('QueueRunner records outcomes with the space that is kept back', async () => {
  await using world = new QueueWorld();
  const db = new FullDatabase(world.db);
  const runner = world.runnerOver(db);
  await runner.start({ isOnly: true });
  world.answer = async () => {
    db.isFull = true;
    return delivered;
  };
  await world.send(['a@example.net']);
  await world.clock.advance(0);
  assert.equal((await world.queue.list())[0]?.state, 'delivered');
  await runner.stop();
});

test('QueueRunner starts on a full disk, and takes back what a crash left leased as soon as it can', async () => {
  await using world = new QueueWorld();
  await world.send(['a@example.net']);
  await world.db.exec(
    `UPDATE queue_recipient SET state = 'leased', lease = 'of a process that is gone', lease_until_ms = 9e15`,
  );
  const db = new FullDatabase(world.db);
  db.isFull = true;
  db.hasReserve = false;
  const runner = world.runnerOver(db);
  await runner.start({ isOnly: true });
  await world.clock.advance(0);
  assert.equal(world.transmissions.length, 0);
  db.isFull = false;
  await world.clock.advance(2 * 60_000);
  assert.equal((await world.queue.list())[0]?.state, 'delivered');
  await runner.stop();
});
