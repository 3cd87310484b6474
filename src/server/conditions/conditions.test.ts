import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '#lib/ids';
import { ConditionError, conditionKinds, ignoreConditions, type ConditionKind } from '#ports/conditions';
import { conditionSinkContract } from '#ports/conditions.contract';
import { logContract } from '#ports/log.contract';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog, seenBy } from '#testing/fake-log';
import { AccountFiles, conditionAwareLog, ConditionLog, DataWatch, DescriptorWatch, DiskWatch } from './index.ts';

const full = (subject = 'server.db'): ConditionError => new ConditionError('diskFull', subject);

logContract('conditionAwareLog', () => {
  const fake = new FakeLog();
  return { log: conditionAwareLog(fake, ignoreConditions), seen: () => seenBy(fake) };
});

conditionSinkContract('ConditionLog', () => {
  const sink = new ConditionLog({ clock: new FakeClock(), log: new FakeLog() });
  const counts = (): Map<ConditionKind, number> => {
    const all = new Map<ConditionKind, number>();
    for (const kind of conditionKinds) {
      const noted = sink.facts.filter((facts) => facts.kind === kind);
      if (noted.length > 0)
        all.set(
          kind,
          noted.reduce((sum, { count }) => sum + count, 0),
        );
    }
    return all;
  };
  return { sink, counts };
});

test('ConditionLog logs a condition at once, then once a minute with what was suppressed, and counts all', async () => {
  const clock = new FakeClock();
  const log = new FakeLog();
  using conditions = new ConditionLog({ clock, log });
  for (let i = 0; i < 1000; i += 1) conditions.note(full());
  assert.deepEqual(
    log.events.map(({ event }) => event),
    ['storage.diskFull'],
  );
  await clock.advance(60_000);
  assert.equal(log.events.length, 2);
  assert.equal(log.events[1]?.fields['suppressed'], 999);
  await clock.advance(600_000);
  assert.equal(log.events.length, 2);
  conditions.note(full());
  conditions.note(new ConditionError('damaged', 'account.db'));
  assert.deepEqual(
    log.events.map(({ event }) => event),
    ['storage.diskFull', 'storage.diskFull', 'storage.diskFull', 'storage.damaged'],
  );
  const [first, second] = conditions.facts;
  assert.deepEqual([first?.kind, first?.count, second?.kind, second?.count], ['diskFull', 1001, 'damaged', 1]);
  assert.equal(first !== undefined && first.lastMs - first.firstMs, 660_000);
});

test('ConditionLog: one error is one occurrence; many subjects do not fill the memory or the log', () => {
  const log = new FakeLog();
  using conditions = new ConditionLog({ clock: new FakeClock(), log });
  const error = full();
  conditions.note(error);
  conditions.note(error);
  assert.equal(conditions.facts[0]?.count, 1);
  for (let i = 0; i < 5000; i += 1) conditions.note(full(`account ${i}`));
  assert.ok(conditions.facts.length <= 201);
  assert.ok(log.events.length <= 201);
  assert.equal(
    conditions.facts.reduce((sum, { count }) => sum + count, 0),
    5001,
  );
});

test('ConditionLog: what was suppressed is reported at the end, too', () => {
  const log = new FakeLog();
  {
    using conditions = new ConditionLog({ clock: new FakeClock(), log });
    for (let i = 0; i < 3; i += 1) conditions.note(full());
  }
  assert.deepEqual(
    log.events.map(({ fields }) => fields['suppressed']),
    [undefined, 2],
  );
});

test('conditionAwareLog: a condition is never logged as a bug, however deep it is; a bug is', () => {
  const log = new FakeLog();
  using conditions = new ConditionLog({ clock: new FakeClock(), log });
  const aware = conditionAwareLog(log, conditions).with({ cid: 'x' });
  aware.error('smtp.bug', {}, new Error('outer', { cause: full() }));
  aware.error('smtp.bug', {}, new TypeError('bug'));
  assert.deepEqual(
    log.events.map(({ level, event }) => `${level} ${event}`),
    ['error storage.diskFull', 'debug smtp.bug', 'error smtp.bug'],
  );
  assert.equal(log.events[2]?.fields['cid'], 'x');
});

test('DiskWatch warns before the disk is full, says when it is, gives space back, and notices room', async () => {
  const clock = new FakeClock();
  const log = new FakeLog();
  const GiB = 2 ** 30;
  let [freeBytes, gaveBack] = [50 * GiB, 0];
  const reserve = {
    isShort: false,
    release: () => Promise.resolve(false),
    look: async () => {
      reserve.isShort = freeBytes === 0;
      return { freeBytes, totalBytes: 100 * GiB };
    },
  };
  const giveBack = async (): Promise<void> => void (gaveBack += 1);
  await using watch = new DiskWatch({ reserve, warnBelowBytes: GiB, giveBack, clock, log });
  await watch.start();
  assert.equal(watch.facts?.state, 'ok');
  const steps = async (ms: number): Promise<string[]> => {
    const before = log.events.length;
    await clock.advance(ms);
    return log.events.slice(before).map(({ event }) => event);
  };
  freeBytes = GiB - 1;
  assert.deepEqual(await steps(60_000), ['disk.low']);
  assert.equal(watch.facts?.state, 'low');
  assert.deepEqual(await steps(24 * 3_600_000), ['disk.low']);
  freeBytes = 0;
  assert.deepEqual(await steps(30_000), ['disk.full']);
  assert.equal(watch.facts?.state, 'full');
  assert.ok(gaveBack > 0);
  freeBytes = 50 * GiB;
  assert.deepEqual(await steps(30_000), ['disk.hasRoomAgain']);
  assert.equal(watch.facts?.state, 'ok');
  freeBytes = GiB - 1;
  assert.deepEqual(await steps(30_000), ['disk.low']);
});

test('DescriptorWatch notes a lack of descriptors while it lasts', async () => {
  const clock = new FakeClock();
  const noted: string[] = [];
  let found: unknown = null;
  const conditions = { note: ({ kind }: ConditionError) => void noted.push(kind) };
  using _watch = new DescriptorWatch({ probe: () => found, conditions, clock });
  await clock.advance(5000);
  found = new ConditionError('tooManyFiles', 'this process');
  await clock.advance(3000);
  found = null;
  await clock.advance(5000);
  assert.deepEqual(noted, ['tooManyFiles', 'tooManyFiles', 'tooManyFiles']);
});

test('DataWatch looks at open files every second, and notes folders that were there and are gone', async () => {
  const clock = new FakeClock();
  const log = new FakeLog();
  const noted: string[] = [];
  const there = new Set(['data', 'data/accounts']);
  let [looks, others] = [0, 0];
  await using watch = new DataWatch({
    lookAtFiles: async () => void (looks += 1),
    folders: ['data', 'data/accounts', 'data/other'],
    isThere: async (folder) => there.has(folder),
    looks: [
      () => Promise.reject(new Error('one look that fails does not keep the next from it')),
      async () => ((others += 1) === 1 ? ['data/control'] : []),
    ],
    conditions: { note: ({ kind, subject }: ConditionError) => void noted.push(`${kind} ${subject}`) },
    clock,
    log,
  });
  await clock.advance(3000);
  assert.deepEqual([looks, others, noted], [3, 3, []]);
  const madeAgain = log.events.filter(({ event }) => event === 'data.madeAgain');
  assert.deepEqual(
    madeAgain.map(({ fields }) => fields['path']),
    ['data/control'],
  );
  there.clear();
  await clock.advance(2000);
  assert.deepEqual([looks, others, noted], [5, 3, ['fileRemoved data', 'fileRemoved data']]);
  there.add('data');
  await clock.advance(1000);
  assert.deepEqual([looks, others, noted.at(-1)], [6, 4, 'fileRemoved data/accounts']);
  await watch[Symbol.asyncDispose]();
  await clock.advance(5000);
  assert.equal(looks, 6);
});

test('AccountFiles looks at all accounts one after another, and notes missing databases of accounts that still exist', async () => {
  const noted: string[] = [];
  const accounts = new Set(Array.from({ length: 250 }, (_, i) => i + 1));
  const missing = new Set([7, 150, 250]);
  let asked = 0;
  const files = new AccountFiles(
    {
      accountsAfter: async (id, limit) => [...accounts].filter((other) => other > id).slice(0, limit) as AccountId[],
      missingFile: async (id) => {
        asked += 1;
        if (id === 150) accounts.delete(150);
        return missing.has(id) ? `accounts/${id}` : null;
      },
      conditions: { note: ({ kind, subject }: ConditionError) => void noted.push(`${kind} ${subject}`) },
    },
    { accountsPerLook: 100, looksPerRound: 5 },
  );
  await files.look();
  assert.equal(asked, 100);
  for (let i = 1; i < 5; i += 1) await files.look();
  // The round ended with the third look; the next one waits.
  assert.equal(asked, 250);
  assert.deepEqual(noted, ['fileRemoved accounts/7', 'fileRemoved accounts/250']);
  missing.delete(7);
  for (let i = 0; i < 3; i += 1) await files.look();
  assert.deepEqual(noted.slice(2), ['fileRemoved accounts/250']);
  assert.equal(asked, 499);
});
