import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { addressOf } from '#testing/address';
import { openBlobs } from '#host/blobs-fs';
import { Files } from '#host/files';
import { systemRandom } from '#host/random';
import { Queue } from '#mail/queue';
import type { BlobStore } from '#ports/blobs';
import { sql, type Sql } from '#ports/database';
import { FakeClock } from '#testing/fake-clock';
import { countingDatabase, FakeLoop } from '#testing/fake-loop';
import { serverDatabase, type TestDatabase } from '#testing/store-databases';
import { tempDir } from '#testing/temp-dir';
import { checkQueue } from './check-queue.ts';

interface World {
  readonly db: TestDatabase;
  readonly blobs: BlobStore;
  /** Problems of the check, `!` for loss. */
  readonly problems: () => Promise<string[]>;
}

/** A queue with message 1, inline and for two recipients, and message 2, of which the blob has three bytes. */
async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  await using db = serverDatabase();
  const blobs = await openBlobs({ directory: dir.path, files: new Files(), random: systemRandom });
  const bus = { publish: () => undefined, subscribe: disposable, onLost: disposable };
  const queue = new Queue({ db, clock: new FakeClock(), bus, settings: { keepFinishedMs: 1000 } });
  const { id, sizeBytes } = await blobs.put('queue', chunks());
  const common = {
    account: null,
    sender: addressOf('s@example.org'),
    prefix: new Uint8Array(),
    has8bit: false,
    smtputf8: false,
  };
  await queue.enqueue({
    ...common,
    recipients: [{ address: addressOf('a@one.test') }, { address: addressOf('b@two.test') }],
    body: { kind: 'inline', bytes: new Uint8Array(5) },
    messageId: null,
  });
  await queue.enqueue({
    ...common,
    recipients: [{ address: addressOf('c@two.test') }],
    body: { kind: 'blob', id, sizeBytes, crc32: crc32(new Uint8Array(3)) },
    messageId: null,
  });
  await body({
    db,
    blobs,
    problems: async () =>
      (await checkQueue(db, blobs)).map(({ kind, text, isLoss, account }) => {
        assert.equal(account, null);
        return `${kind}${isLoss ? '!' : ''}: ${text.replace(id, 'B')}`;
      }),
  });
}

function disposable(): Disposable {
  return { [Symbol.dispose]: () => undefined };
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
}

for (const [damage, want] of [
  [sql`DELETE FROM queue_attempt`, []],
  [sql`DELETE FROM queue_content`, ['queue!: message 1 of <s@example.org> waits and has no content']],
  [sql`UPDATE queue_content SET bytes = ${Uint8Array.of(120)}`, ['queue!: message 1 should have 5 bytes, and has 1']],
  [
    sql`UPDATE queue_content SET bytes = ${Uint8Array.of(0, 0, 0, 0, 1)}`,
    ['queue!: message 1 has other bytes than were accepted: its checksum is wrong'],
  ],
  [
    sql`UPDATE queue_message SET crc32 = crc32 + 1 WHERE id = 2`,
    ['blob!: the blob B of message 2 has other bytes than were stored: its checksum is wrong'],
  ],
  [sql`UPDATE queue_message SET crc32 = NULL`, []],
  [
    sql`DELETE FROM queue_message WHERE id = 2`,
    ['queue!: recipient 3, c@two.test, belongs to no message', 'orphan: the blob B belongs to no message'],
  ],
  [sql`DELETE FROM queue_recipient WHERE id = 3`, ['queue: message 2 has no recipients']],
  [
    sql`UPDATE queue_recipient SET state = 'delivered', finished_ms = 1 WHERE message = 1`,
    ['queue: the content of message 1 is kept, and nobody needs it'],
  ],
  [
    sql`INSERT INTO queue_attempt (recipient, start_ms, duration_ms, outcome, reply) VALUES (9, 1, 1, 'deferred', '')`,
    ['queue: there are attempts at recipient 9, which does not exist'],
  ],
  [
    sql`UPDATE queue_recipient SET state = 'leased' WHERE id = 1`,
    ['queue!: recipient 1 is leased, not finished, not leased: that cannot be'],
  ],
  [
    sql`UPDATE queue_recipient SET state = 'failed' WHERE id = 1`,
    ['queue!: recipient 1 is failed, not finished, not leased: that cannot be'],
  ],
  [sql`UPDATE queue_recipient SET notice = 'x' WHERE id = 1`, ['queue: recipient 1 has half a notice']],
  [
    sql`UPDATE queue_message SET body_size_bytes = 4 WHERE id = 2`,
    ['blob!: the blob B of message 2 should have 4 bytes, and has 3'],
  ],
  [
    sql`INSERT INTO queue_garbage SELECT blob_id, 1 FROM queue_message WHERE blob_id IS NOT NULL`,
    ['blob!: the blob B of message 2 is to be removed'],
  ],
] as const satisfies readonly (readonly [Sql, readonly string[]])[]) {
  test(`checkQueue after ${damage.text.slice(0, 70)}: ${want[0] ?? 'nothing'}`, () =>
    inWorld(async ({ db, problems }) => {
      assert.deepEqual(await problems(), []);
      await db.write((tx) => tx.run(damage));
      assert.deepEqual(await problems(), want);
    }));
}

test('checkQueue: a blob that is missing', () =>
  inWorld(async ({ blobs, problems }) => {
    for await (const { id } of blobs.list('queue')) await blobs.remove('queue', id);
    assert.deepEqual(await problems(), ['blob!: the blob B of message 2 is missing']);
  }));

test('checkQueue reads every page, and lets others go on after each', () =>
  inWorld(async ({ db, blobs }) => {
    const copies = (first: number, count: number): Sql =>
      sql`WITH RECURSIVE n (i) AS (SELECT CAST(${first} AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ${first + count - 1})
        INSERT INTO queue_recipient (id, message, address, domain, notify, state, hold, attempts, next_attempt_ms, delay_told, last_reply_is_smtp)
        SELECT i, 999, address, domain, notify, state, hold, attempts, next_attempt_ms, delay_told, last_reply_is_smtp FROM n, queue_recipient WHERE id = 1`;
    await db.write((tx) => tx.run(copies(100, 1300)));
    const loop = new FakeLoop();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    const problems = await checkQueue(countingDatabase(db, loop), blobs, loop);
    assert.equal(problems.at(-1)?.text, '1200 more like these');
    assert.ok(loop.longest > 100 && loop.longest <= 600, `${loop.longest} rows without a pause`);
  }));
