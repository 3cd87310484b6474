import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId, type QueueId } from '#lib/ids';
import type { DeliveryOutcome } from '#mail/queue';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { planOf } from '#testing/query-plans';
import { addressOf } from '#testing/address';
import { deliveryStatusOf } from './delivery-status.ts';
import { EmailSubmissions, SubmissionsChanged } from './email-submissions.ts';
import { submissionLimits } from './limits.ts';

const mara = accountId(1);
const hour = 60 * 60_000;

/** Submits a message, and returns the id of the submission with that of the message. */
async function submit(
  world: QueueWorld,
  addresses: readonly string[],
  { holdUntilMs = null, expected = null }: { readonly holdUntilMs?: number | null; readonly expected?: 0 | null } = {},
): Promise<{ readonly id: number; readonly message: QueueId }> {
  let id = 0;
  const bytes = new TextEncoder().encode('From: <s@example.org>\r\n\r\nhello\r\n');
  const message = await world.queue.enqueue(
    {
      account: mara,
      sender: addressOf('s@example.org'),
      recipients: addresses.map((address) => ({ address: addressOf(address) })),
      prefix: new Uint8Array(0),
      body: { kind: 'inline', bytes },
      has8bit: false,
      smtputf8: false,
      messageId: '<m@example.org>',
      holdUntilMs,
    },
    'common',
    async (tx, queued) => {
      const sendAtMs = holdUntilMs ?? world.clock.now();
      const facts = { account: mara, identity: 'I1', email: 7, thread: 5, envelope: '{}', sendAtMs };
      ({ id } = await world.submissions.recordIn(tx, queued, facts, expected));
    },
  );
  await world.clock.advance(0);
  return { id, message };
}

async function statusOf(world: QueueWorld, id: number): Promise<string[]> {
  const { submissions } = await world.submissions.list(mara, [id]);
  const [submission] = submissions;
  if (submission === undefined) return [];
  const { recipients, notices } = await world.submissions.outcome(submission);
  return [
    submission.undo,
    ...recipients.map((recipient) => {
      const about = notices.filter(({ number }) => number === recipient.number);
      const { delivered: how, smtpReply } = deliveryStatusOf(recipient, about);
      return `${recipient.address} ${how} ${smtpReply}`;
    }),
  ];
}

async function cancel(world: QueueWorld, id: number): Promise<string> {
  return (await world.submissions.cancel(mara, id, (tx, message) => world.queue.recallIn(tx, message))).kind;
}

test('EmailSubmissions: the status of each recipient follows the queue, and the state with it', async () => {
  await using world = new QueueWorld();
  world.answer = async (address) =>
    address.startsWith('bad') ? refused : address.startsWith('late') ? deferred : delivered;
  const { id } = await submit(world, ['ok@a.example', 'bad@b.example', 'late@c.example']);
  assert.deepEqual(await statusOf(world, id), [
    'pending',
    'ok@a.example queued 250 2.0.0 waits in the queue',
    'bad@b.example queued 250 2.0.0 waits in the queue',
    'late@c.example queued 250 2.0.0 waits in the queue',
  ]);
  const before = await world.submissions.state(mara);
  await world.start();
  assert.deepEqual(await statusOf(world, id), [
    'final',
    'ok@a.example unknown 250 2.0.0 taken',
    'bad@b.example no 550 5.1.1 no such user ask postmaster',
    'late@c.example queued 451 4.3.0 try later',
  ]);
  const changes = await world.submissions.changesSince(mara, before, 10);
  assert.deepEqual(changes?.updated, [id]);
  assert.ok((changes?.upTo ?? 0) > before);
  const { notices } = await world.submissions.outcome({ id, message: 1 as QueueId });
  assert.equal(notices.length, 1, 'the notice of failure');
});

for (const keepFinishedMs of [0, 24 * hour])
  test(`EmailSubmissions: the status outlives the rows of the queue, which go after ${keepFinishedMs / hour} h`, async () => {
    await using world = new QueueWorld({ keepFinishedMs });
    const reply = { code: 250, enhanced: '2.0.0', text: 'stored' };
    const stored = { ...delivered, kind: 'delivered', reply, final: true } as DeliveryOutcome;
    world.answer = async (address) => (address.startsWith('bad') ? refused : stored);
    const { id, message } = await submit(world, ['ok@a.example', 'bad@b.example']);
    await world.start();
    await world.clock.advance(2 * 24 * hour);
    await world.sweeper().sweep();
    assert.deepEqual(await world.queue.list({ message }), []);
    assert.deepEqual(await statusOf(world, id), [
      'final',
      'ok@a.example yes 250 2.0.0 stored',
      'bad@b.example no 550 5.1.1 no such user ask postmaster',
    ]);
  });

test('EmailSubmissions: what waits for its time is taken back, and never sent', async () => {
  await using world = new QueueWorld();
  await world.start();
  const { id } = await submit(world, ['a@a.example', 'b@b.example'], { holdUntilMs: world.clock.now() + hour });
  assert.equal(await cancel(world, id), 'canceled');
  assert.equal(await cancel(world, id), 'tooLate');
  await world.clock.advance(2 * hour);
  assert.deepEqual(world.transmissions, []);
  assert.deepEqual(await statusOf(world, id), [
    'canceled',
    'a@a.example no 550 5.7.0 taken out of the queue before it was delivered',
    'b@b.example no 550 5.7.0 taken out of the queue before it was delivered',
  ]);
  assert.deepEqual(
    (await world.queue.events(1 as QueueId)).map(({ kind }) => kind),
    ['recalled', 'recalled'],
  );
  const { n } = (await world.db.rows('SELECT count(*) AS n FROM queue_content'))[0] ?? {};
  assert.equal(n, 0, 'the content goes at once');
});

test('EmailSubmissions: what a runner had is not taken back, whatever became of it', async () => {
  await using world = new QueueWorld();
  const { promise, resolve } = Promise.withResolvers<typeof delivered>();
  world.answer = () => promise;
  await world.start();
  const { id } = await submit(world, ['a@a.example']);
  assert.equal(world.transmissions.length, 1);
  assert.equal(await cancel(world, id), 'tooLate');
  // The host may have the whole message: after a crash nothing tells.
  world.answer = async () => deferred;
  await world.crash();
  await world.crash();
  assert.equal(await cancel(world, id), 'tooLate');
  resolve(delivered);
  await world.clock.advance(0);
  assert.equal((await statusOf(world, id))[0], 'final');
});

test('EmailSubmissions: one of several recipients that has left keeps all', async () => {
  await using world = new QueueWorld();
  world.answer = async (address) => (address.startsWith('a') ? delivered : deferred);
  await world.start();
  const { id, message } = await submit(world, ['a@a.example', 'b@b.example']);
  assert.equal(await cancel(world, id), 'tooLate');
  const { undo } = (await world.submissions.list(mara, [id])).submissions[0] ?? {};
  assert.equal(undo, 'final');
  assert.deepEqual(
    (await world.queue.list({ message })).map(({ state }) => state),
    ['delivered', 'queued'],
  );
});

test('EmailSubmissions: a submission is written with its message or not at all', async () => {
  await using world = new QueueWorld();
  await submit(world, ['a@a.example'], { expected: 0 });
  await assert.rejects(submit(world, ['b@b.example'], { expected: 0 }), SubmissionsChanged);
  assert.equal((await world.queue.list()).length, 1);
  assert.equal((await world.submissions.list(mara, null)).submissions.length, 1);
});

test('EmailSubmissions: suppressed recipients have failed as it is accepted, also where the queue keeps nothing', async () => {
  await using world = new QueueWorld({ keepFinishedMs: 0 });
  await world.suppressions.add({
    account: mara,
    address: 'a@a.example',
    source: 'operator',
    reason: '',
    message: null,
  });
  const { id } = await submit(world, ['a@a.example']);
  const [undo, status = ''] = await statusOf(world, id);
  assert.equal(undo, 'final');
  assert.match(status, /^a@a\.example no 550 5\.7\.1 not tried: /);
  assert.equal(await cancel(world, id), 'tooLate');
});

test('EmailSubmissions: to destroy the record changes nothing about the delivery, and changes report it', async () => {
  await using world = new QueueWorld();
  const first = await submit(world, ['a@a.example']);
  const since = await world.submissions.state(mara);
  const second = await submit(world, ['b@b.example']);
  assert.ok((await world.submissions.destroy(mara, first.id)) !== null);
  assert.ok((await world.submissions.destroy(mara, second.id)) !== null);
  assert.equal(await world.submissions.destroy(mara, 99), null);
  await world.start();
  assert.equal(world.transmissions.length, 2);
  // The second came and went unseen.
  assert.deepEqual(await world.submissions.changesSince(mara, since, 10), {
    upTo: await world.submissions.state(mara),
    isPartial: false,
    created: [],
    updated: [],
    destroyed: [first.id],
  });
  assert.equal(await world.submissions.changesSince(mara, 99, 10), null);
});

test('EmailSubmissions: changes come in parts of whole transactions', async () => {
  await using world = new QueueWorld();
  const ids: number[] = [];
  for (const name of ['a', 'b', 'c']) ids.push((await submit(world, [`${name}@a.example`])).id);
  const seen: number[] = [];
  let rounds = 0;
  for (let since = 0; ;) {
    const changes = await world.submissions.changesSince(mara, since, 1);
    assert.ok(changes !== null);
    seen.push(...changes.created);
    since = changes.upTo;
    rounds += 1;
    if (!changes.isPartial) break;
  }
  assert.deepEqual([seen, rounds], [ids, 3]);
  const limits = { ...submissionLimits, keepMs: 0 };
  await world.db.exec("UPDATE email_submission SET undo = 'final'");
  const { db, clock } = world;
  await new EmailSubmissions({ db, clock, bus: { publish: () => undefined } as never, limits }).sweep();
  await world.db.exec('UPDATE email_submission_state SET first_modseq = 0');
  await world.db.exec(`INSERT INTO email_submission_tombstone (account, modseq, submission, create_modseq, at_ms)
    SELECT 1, 4, n, n, 0 FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbers`);
  assert.equal(await world.submissions.changesSince(mara, 3, 2), null, 'three in one transaction');
});

test('EmailSubmissions: old ones go, then what is known of them, and too many ones', async () => {
  await using world = new QueueWorld({ keepFinishedMs: 0 });
  await world.start();
  const limits = { keepMs: hour, maxOfAccount: 2, maxRecipients: 9, maxNotices: 1, maxReplyChars: 9 };
  const few = new EmailSubmissions({
    db: world.db,
    clock: world.clock,
    bus: { publish: () => undefined } as never,
    limits,
  });
  const old = await submit(world, ['a@a.example']);
  await submit(world, ['later@a.example'], { holdUntilMs: world.clock.now() + 99 * hour });
  const since = await few.state(mara);
  await world.clock.advance(2 * hour);
  await few.sweep();
  assert.deepEqual((await few.changesSince(mara, since, 9))?.destroyed, [old.id]);
  await world.clock.advance(2 * hour);
  await few.sweep();
  assert.equal(await few.changesSince(mara, since, 9), null);
  for (const name of ['b', 'c', 'd']) await submit(world, [`${name}@a.example`]);
  await few.sweep();
  // One that can still be taken back is no record of the past.
  assert.deepEqual(
    (await world.submissions.list(mara, null)).submissions.map(({ id }) => id),
    [5, 4, 2],
  );
  for (const table of ['recipient', 'notice']) {
    const rows = await world.db.rows(`SELECT DISTINCT submission FROM email_submission_${table}`);
    assert.ok(
      rows.every(({ submission }) => [5, 4, 2].includes(Number(submission))),
      table,
    );
  }
  const notice = { message: 2 as QueueId, number: 1, action: 'failed', reply: 'x'.repeat(20), messageId: null };
  await world.db.write((tx) => few.noticedIn(tx, notice));
  await world.db.write((tx) => few.noticedIn(tx, notice));
  const { notices } = await few.outcome({ id: 2, message: 2 as QueueId });
  assert.deepEqual(
    notices.map(({ reply }) => reply),
    ['x'.repeat(9)],
  );
});

test('EmailSubmissions: no statement reads a whole table', async () => {
  await using world = new QueueWorld({ keepFinishedMs: 0 });
  await world.start();
  const { id } = await submit(world, ['a@a.example']);
  await statusOf(world, id);
  await world.submissions.changesSince(mara, 0, 10);
  await cancel(world, (await submit(world, ['b@a.example'], { holdUntilMs: world.clock.now() + hour })).id);
  await world.submissions.destroy(mara, id);
  await world.clock.advance(hour);
  const limits = { ...submissionLimits, keepMs: 1 };
  const { db, clock } = world;
  await new EmailSubmissions({ db, clock, bus: { publish: () => undefined } as never, limits }).sweep();
  for (const text of Array.from(world.db.texts)) {
    if (!text.includes('email_submission')) continue;
    const scans = (await planOf(world.db, { text, values: [] })).filter((detail) => detail.startsWith('SCAN '));
    assert.deepEqual(
      scans.filter((detail) => !/USING (COVERING )?INDEX/.test(detail)),
      [],
      text,
    );
  }
});

for (const [recipient, reports, want] of [
  [{ state: 'delivered', lastReply: '250 ok', lastReplyIsSmtp: true }, [], '250 ok unknown'],
  [{ state: 'delivered', lastReply: '250 ok', lastReplyIsSmtp: true }, [['relayed', 'x']], '250 ok unknown'],
  [
    { state: 'delivered', lastReply: '250 ok', lastReplyIsSmtp: true },
    [['delivered', null]],
    '250 2.0.0 delivered yes',
  ],
  [
    { state: 'delivered', lastReply: '250 ok', lastReplyIsSmtp: true },
    [['failed', '550 5.2.2 full']],
    '550 5.2.2 full no',
  ],
  [{ state: 'queued', lastReply: 'no route\nto host', lastStatus: '4.4.1' }, [], '450 4.4.1 no route to host queued'],
  [{ state: 'failed', lastReply: 'too old', lastStatus: '5.4.7' }, [], '550 5.4.7 too old no'],
  // RFC 8621 §7: the example.
  [
    {
      state: 'failed',
      lastReply: '550-5.7.1 Our system has detected that this message is\n550 5.7.1 likely spam.',
      lastReplyIsSmtp: true,
    },
    [],
    '550 5.7.1 Our system has detected that this message is likely spam. no',
  ],
  [{ state: 'failed', lastReply: '550-no\n550 never', lastReplyIsSmtp: true }, [], '550 no never no'],
] as const)
  test(`deliveryStatusOf(${JSON.stringify(recipient)}, ${JSON.stringify(reports)})`, () => {
    const base = { number: 1, address: 'a@b.example', isFinal: false, lastStatus: null, lastReplyIsSmtp: false };
    const notices = reports.map(([action, reply]) => ({ number: 1, action, reply, messageId: null }));
    const { smtpReply, delivered: how } = deliveryStatusOf({ ...base, ...recipient }, notices);
    assert.equal(`${smtpReply} ${how}`, want);
  });
