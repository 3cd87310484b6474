import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { addressOf } from '#testing/address';
import { systemRandom } from '#host/random';
import { openDatabases } from '#host/sqlite';
import { systemClock } from '#host/clock';
import { sqliteServerMigrations } from '#mail/schema';
import type { Database, Databases } from '#ports/database';
import { FakeLog } from '#testing/fake-log';
import { delivered, QueueWorld } from '#testing/queue-world';
import { tempDir } from '#testing/temp-dir';
import { defaultSettings, Queue, QueueRunner } from './index.ts';

const bus = {
  publish: () => undefined,
  subscribe: () => ({ [Symbol.dispose]: () => undefined }),
  onLost: () => ({ [Symbol.dispose]: () => undefined }),
};

function open(directory: string): Promise<Databases> {
  const migrations = { server: sqliteServerMigrations, account: [] };
  return openDatabases({ directory, log: new FakeLog(), clock: systemClock, migrations });
}

function queueOn(db: Database): Queue {
  return new Queue({ db, clock: systemClock, bus, settings: defaultSettings });
}

test('Queue on disk: what was accepted before a restart is delivered after it, bytes as they were', async () => {
  await using dir = await tempDir();
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => i & 0xff);
  {
    await using databases = await open(dir.path);
    const accepted = Array.from({ length: 20 }, (_, i) =>
      queueOn(databases.server).enqueue({
        account: null,
        sender: addressOf('s@example.org'),
        recipients: [{ address: addressOf(`u${i}@d${i % 3}.example`) }, { address: addressOf(`v${i}@other.example`) }],
        prefix: Uint8Array.of(65, 13, 10),
        body: { kind: 'inline', bytes },
        has8bit: true,
        smtputf8: false,
        messageId: null,
      }),
    );
    assert.equal(new Set(await Promise.all(accepted)).size, 20);
  }
  await using databases = await open(dir.path);
  await using world = new QueueWorld();
  const done = Promise.withResolvers<void>();
  const seen: string[] = [];
  let isWhole = true;
  const runner = new QueueRunner({
    db: databases.server,
    blobs: world.blobs,
    clock: systemClock,
    log: new FakeLog(),
    random: systemRandom,
    bus,
    sink: { deliverDsn: () => Promise.resolve() },
    delivery: {
      routing: world.routing(),
      transmitter: {
        transmit: async ({ content, recipients, has8bit }) => {
          const all = await content.bytes(3, content.sizeBytes);
          isWhole &&= has8bit && all.length === bytes.length && all.every((byte, i) => byte === bytes[i]);
          seen.push(...recipients.map(({ address }) => writeAddress(address)));
          if (seen.length === 40) done.resolve();
          return recipients.map(() => delivered);
        },
      },
    },
    settings: { ...defaultSettings, reportingMta: 'mail.example.org', dsnFrom: 'postmaster@mail.example.org' },
  });
  await runner.start({ isOnly: true });
  await done.promise;
  await runner.stop();
  assert.ok(isWhole);
  assert.equal(new Set(seen).size, 40);
  const items = await queueOn(databases.server).list();
  assert.deepEqual([items.length, new Set(items.map(({ state }) => state))], [40, new Set(['delivered'])]);
});

test('QueueRunner.stop: a transmission that the stop cut short is no attempt, one with an answer is', async () => {
  for (const [reply, attempts] of [
    [null, 0],
    [{ code: 451, enhanced: null, text: 'later' }, 1],
  ] as const) {
    await using world = new QueueWorld();
    world.answer = async (_address, { signal }) =>
      new Promise((resolve) => {
        const cut = { kind: 'deferred', reason: 'connection closed', reply, remote: null } as const;
        signal.addEventListener('abort', () => resolve(cut));
      });
    await world.start();
    await world.send(['a@example.net']);
    await world.stop();
    const [item] = await world.queue.list();
    assert.deepEqual([item?.state, item?.attempts], ['queued', attempts]);
  }
});
