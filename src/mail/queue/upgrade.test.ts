import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId, queueId, recipientId } from '#lib/ids';
import { sqliteServerMigrations } from '#mail/schema';
import { MemoryDatabase } from '#testing/memory-database';
import { deferred, delivered, QueueWorld } from '#testing/queue-world';
import { defaultSettings, Queue } from './index.ts';

const hourMs = 60 * 60_000;

/** A recipient as the server wrote it that knew no routes: version 2 of the schema. */
interface OldRecipient {
  readonly message: number;
  readonly address: string;
  readonly state?: string;
  readonly hold?: number;
  readonly attempts?: number;
  readonly nextMs?: number;
  readonly lease?: string;
  readonly notice?: string;
  readonly kind?: string;
  readonly finishedMs?: number;
}

/** A database of version 2 with a queue in use, brought to the version of now. */
function upgraded(nowMs: number, recipients: readonly OldRecipient[]): MemoryDatabase {
  const [server, queue, ...later] = sqliteServerMigrations;
  assert.ok(server !== undefined && queue !== undefined);
  const db = new MemoryDatabase([server, queue]);
  const bytes = new TextEncoder().encode('Subject: old\r\nMessage-ID: <old@example.org>\r\n\r\nhello\r\n');
  for (const message of new Set(recipients.map((one) => one.message))) {
    db.raw
      .prepare(
        `INSERT INTO queue_message (id, account, sender, message_id, envid, ret, tls, has_8bit, smtputf8, prefix, body_size_bytes, blob_id,
          received_ms, start_ms)
        VALUES (?, 1, 's@example.org', '<old@example.org>', 'env', NULL, 'default', 0, 0, ?, ?, NULL, ?, ?)`,
      )
      .run(message, new Uint8Array(0), bytes.length, nowMs - hourMs, nowMs - hourMs);
    db.raw.prepare('INSERT INTO queue_content (message, bytes) VALUES (?, ?)').run(message, bytes);
  }
  for (const one of recipients) {
    const { message, address, state = 'queued', hold = 0, attempts = 0, nextMs = nowMs, lease = null } = one;
    const { notice = null, kind = null, finishedMs = null } = one;
    const domain = address.slice(address.indexOf('@') + 1);
    const untilMs = lease === null ? null : nowMs + hourMs;
    const noticeMs = notice === null ? null : nowMs;
    const [status, reply] = attempts === 0 ? [null, null] : ['4.2.0', '450 4.2.0 later'];
    db.raw
      .prepare(
        `INSERT INTO queue_recipient (message, address, domain, state, hold, attempts, next_attempt_ms, lease, lease_until_ms, notify, delay_told,
          last_status, last_reply, last_reply_is_smtp, last_host, notice, notice_kind, notice_due_ms, finished_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, 1, 'mx.example', ?, ?, ?, ?)`,
      )
      .run(
        message,
        address,
        domain,
        state,
        hold,
        attempts,
        nextMs,
        lease,
        untilMs,
        status,
        reply,
        notice,
        kind,
        noticeMs,
        finishedMs,
      );
  }
  db.raw.exec(`INSERT INTO queue_attempt (recipient, start_ms, duration_ms, host, ip, outcome, reply)
    SELECT id, ${nowMs - hourMs}, 5, 'mx.example', '192.0.2.1', 'deferred', last_reply FROM queue_recipient WHERE attempts > 0`);
  for (const { sql } of later) db.raw.exec(sql);
  return db;
}

test('QueueRunner goes on with a queue that an older server left: who waits, is leased, held, owed a notice or done', async () => {
  await using world = new QueueWorld();
  const nowMs = world.clock.now();
  await using db = upgraded(nowMs, [
    { message: 1, address: 'new@one.example' },
    { message: 1, address: 'leased@two.example', state: 'leased', attempts: 1, lease: 'gone' },
    { message: 1, address: 'later@two.example', attempts: 1, nextMs: nowMs + hourMs },
    { message: 1, address: 'held@one.example', hold: 1 },
    {
      message: 2,
      address: 'failed@one.example',
      state: 'failed',
      attempts: 1,
      finishedMs: nowMs,
      notice: 'queue-failed-5',
      kind: 'failed',
    },
    {
      message: 2,
      address: 'slow@one.example',
      attempts: 1,
      nextMs: nowMs + hourMs,
      notice: 'queue-delayed-6',
      kind: 'delayed',
    },
    { message: 3, address: 'done@one.example', state: 'delivered', attempts: 1, finishedMs: nowMs },
  ]);
  const bus = {
    publish: () => undefined,
    subscribe: () => ({ [Symbol.dispose]: () => undefined }),
    onLost: () => ({ [Symbol.dispose]: () => undefined }),
  };
  const queue = new Queue({ db, clock: world.clock, bus, settings: defaultSettings, routing: world.routing() });
  let isSlow = true;
  world.answer = async (address) => (isSlow && address.startsWith('slow') ? deferred : delivered);
  const runner = world.runnerOver(db);
  await runner.start({ isOnly: true });
  await world.clock.advance(0);
  const states = async (): Promise<string[]> =>
    (await queue.list()).map(({ recipient, state }) => `${recipient.split('@', 1)[0] ?? ''} ${state}`);
  const untouched = ['held queued', 'failed failed'];
  const first = ['new delivered', 'leased delivered', 'later queued', ...untouched, 'slow queued', 'done delivered'];
  assert.deepEqual(await states(), first);
  assert.deepEqual(world.notices.map(({ id, to }) => [id, to]).toSorted(), [
    ['queue-delayed-6', 's@example.org'],
    ['queue-failed-5', 's@example.org'],
  ]);
  assert.match(world.notices[0]?.text ?? '', /450 4\.2\.0 later/);
  await world.clock.advance(hourMs);
  isSlow = false;
  await world.clock.advance(8 * hourMs);
  const second = [
    'new delivered',
    'leased delivered',
    'later delivered',
    ...untouched,
    'slow delivered',
    'done delivered',
  ];
  assert.deepEqual(await states(), second);
  assert.equal(world.notices.length, 2);
  assert.equal(await queue.hold({ account: accountId(1), hold: true }, false), 1);
  assert.equal(await queue.setTransport({ message: queueId(1) }, null), 1);
  const again = world.runnerOver(db);
  await runner.stop();
  await again.start({ isOnly: true });
  await world.clock.advance(0);
  assert.equal((await states())[3], 'held delivered');
  const [old, ours] = await queue.attempts(recipientId(2));
  assert.deepEqual([old?.outcome, old?.transport, old?.route, old?.session], ['deferred', null, null, null]);
  assert.deepEqual([ours?.outcome, ours?.route === null], ['delivered', false]);
  await again.stop();
});

test('Queue: recipients of a queue that an older server left get numbers within their messages', async () => {
  const nowMs = 1_800_000_000_000;
  await using db = upgraded(nowMs, [
    { message: 4, address: 'a@one.example' },
    { message: 9, address: 'b@one.example', state: 'delivered', finishedMs: nowMs },
    { message: 4, address: 'c@one.example' },
    { message: 9, address: 'd@one.example' },
  ]);
  const rows = db.raw.prepare('SELECT message, number, address FROM queue_recipient ORDER BY message, number').all();
  assert.deepEqual(
    rows.map(({ message, number, address }) => `${String(message)}.${String(number)} ${String(address)}`),
    ['4.1 a@one.example', '4.3 c@one.example', '9.1 b@one.example', '9.3 d@one.example'],
  );
});
