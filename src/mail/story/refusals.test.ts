import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { serverDatabase, type TestDatabase } from '#testing/store-databases';
import { refusalLimits, Refusals, writeStory } from './index.ts';
import type { NewRefusal, RefusalsDeps } from './refusals.ts';

const by = {
  service: 'mx',
  local: '192.0.2.25:25',
  remoteIp: '198.51.100.7',
  hello: 'EHLO far.example',
  tls: null,
  login: null,
  cid: 'c0',
};

const refusal = (more: Partial<NewRefusal> = {}): NewRefusal => ({
  stage: 'RCPT',
  sender: 'Bob@far.example',
  recipient: 'nobody@example.org',
  reply: '550 5.1.1 no such user here',
  by,
  explanation: null,
  ...more,
});

interface World extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly refusals: Refusals;
  readonly rows: () => Promise<unknown>;
}

function world(limits: Partial<RefusalsDeps['limits']> = {}): World {
  const [db, clock, log] = [serverDatabase(), new FakeClock(), new FakeLog()];
  const refusals = new Refusals({ db, clock, log, limits: { ...refusalLimits, ...limits } });
  return {
    db,
    clock,
    log,
    refusals,
    rows: async () => (await db.rows('SELECT count(*) AS count FROM refused_mail'))[0]?.['count'],
    async [Symbol.asyncDispose]() {
      await refusals[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

test('Refusals: the reason that the client did not learn is kept, cut, and told', async () => {
  await using w = world();
  const explanation = 'a rule of the account'.padEnd(5000, '!');
  w.refusals.record(refusal({ stage: 'DATA', explanation }));
  w.refusals.record(refusal());
  const found = await w.refusals.find({ sinceMs: 0 }, 10);
  const told = found.map((story) => writeStory(story, () => 'T', 0).filter((line) => line.includes('decided: ')));
  assert.deepEqual(
    told.flat().map((line) => line.trim().replace(/!+$/, '!')),
    ['decided: a rule of the account!'],
  );
  assert.equal(told.flat()[0]?.trim().length, 'decided: '.length + refusalLimits.maxTextChars);
});

test('Refusals: equal ones are one row, written later, and told once', async () => {
  await using w = world();
  const startMs = w.clock.now();
  w.refusals.record(refusal());
  w.refusals.record(refusal({ sender: 'bob@FAR.example', by: { ...by, cid: 'c1' } }));
  assert.equal(await w.rows(), 0);
  await w.clock.advance(refusalLimits.flushMs);
  assert.equal(await w.rows(), 1);
  w.refusals.record(refusal({ by: { ...by, cid: 'c2' } }));
  const found = await w.refusals.find({ sender: 'BOB@far.example', sinceMs: startMs }, 10);
  assert.deepEqual(
    found.map((story) => writeStory(story, (ms) => `+${(ms - startMs) / 1000}s`, startMs).join('\n')),
    [
      `Mail from bob@far.example to nobody@example.org that was refused

  +0s  refused at RCPT (3 times, the last at +5s): 550 5.1.1 no such user here
      client 198.51.100.7, EHLO far.example, without TLS
      connection c2 in the log

  Nothing was kept of it. Whoever brought it has to tell the sender.`,
    ],
  );
});

test('Refusals.find: by sender, recipient, or both, where a refused sender named no recipient', async () => {
  await using w = world();
  const sinceMs = w.clock.now();
  w.refusals.record(refusal());
  w.refusals.record(refusal({ stage: 'MAIL', recipient: '', reply: '451 4.4.3 later' }));
  w.refusals.record(refusal({ sender: '', recipient: 'ann@example.org' }));
  const count = async (sender?: string, recipient?: string, since = sinceMs): Promise<number> =>
    (await w.refusals.find({ sender, recipient, sinceMs: since }, 10)).length;
  assert.equal(await count('bob@far.example'), 2);
  assert.equal(await count('bob@far.example', 'nobody@example.org'), 2);
  assert.equal(await count('bob@far.example', 'ann@example.org'), 1);
  assert.equal(await count(undefined, 'nobody@example.org'), 1);
  assert.equal(await count(''), 1);
  assert.equal(await count('bob@far.example', undefined, sinceMs + 1), 0);
});

test('Refusals.find: writes nothing, counts what waits once, and finds its row beyond the limit', async () => {
  await using w = world();
  const sinceMs = w.clock.now();
  const find = async (limit: number): Promise<string[]> =>
    (await w.refusals.find({ sender: 'bob@far.example', sinceMs }, limit)).map((story) => {
      const [event] = story.events;
      assert.ok(story.kind === 'refused' && event?.kind === 'refused');
      return `${story.recipient} ${event.times} ${event.by.cid}`;
    });
  w.refusals.record(refusal({ recipient: 'a@example.org' }));
  assert.deepEqual([await find(10), await w.rows()], [['a@example.org 1 c0'], 0]);
  await w.clock.advance(refusalLimits.flushMs);
  await w.refusals.flush();
  for (const recipient of ['b@example.org', 'c@example.org']) w.refusals.record(refusal({ recipient }));
  await w.clock.advance(1);
  await w.refusals.flush();
  assert.deepEqual([(await find(10)).length, await w.rows()], [3, 3]);
  await w.clock.advance(1);
  w.refusals.record(refusal({ recipient: 'a@example.org', by: { ...by, cid: 'c9' } }));
  assert.deepEqual([await find(1), await w.rows()], [['a@example.org 2 c9'], 3]);
  // A question while a flush is at work, and one while it begins.
  const [during, after] = [w.refusals.flush().then(() => find(1)), find(1)];
  assert.deepEqual([await during, await after], [['a@example.org 2 c9'], ['a@example.org 2 c9']]);
});

test('Refusals: what strangers can fill is bounded, also after a restart, and old rows go', async () => {
  const few = { maxPerDay: 5, maxPerClient: 3, maxWaiting: 8, maxTextChars: 20 };
  await using w = world(few);
  const flood = (remoteIp: string, count: number, into = w.refusals): void => {
    for (let i = 0; i < count; i += 1) into.record(refusal({ recipient: `${i}@example.org`, by: { ...by, remoteIp } }));
  };
  flood('198.51.100.1', 4);
  await w.refusals.flush();
  assert.equal(await w.rows(), 3);
  const again = new Refusals({ ...w, limits: { ...refusalLimits, ...few } });
  flood('198.51.100.1', 4, again);
  flood('198.51.100.2', 4, again);
  await again.flush();
  assert.equal(await w.rows(), 5);
  flood('198.51.100.3', 20, again);
  await again.flush();
  assert.equal(await w.rows(), 5);
  assert.deepEqual(
    w.log.ofLevel('warn').map(({ event }) => event),
    ['refusals.tooMany', 'refusals.tooMany', 'refusals.tooMany'],
  );
  await w.clock.advance(refusalLimits.keepMs + 2 * 86_400_000);
  again.record(refusal({ reply: 'x'.repeat(1000) }));
  await again.flush();
  assert.equal(await w.refusals.sweep(), 5);
  assert.equal((await w.db.rows('SELECT reply FROM refused_mail'))[0]?.['reply'], 'x'.repeat(20));
});

test('Refusals: what cannot be written is logged, and later ones are', async () => {
  await using w = world();
  await w.db.exec('ALTER TABLE refused_mail RENAME TO gone');
  w.refusals.record(refusal());
  await w.refusals.flush();
  assert.equal(w.log.ofLevel('error').length, 1);
  await w.db.exec('ALTER TABLE gone RENAME TO refused_mail');
  w.refusals.record(refusal());
  await w.refusals.flush();
  assert.equal(await w.rows(), 1);
});
