import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { Admission } from './index.ts';
import { loginLimits, type LoginAttempt } from './login-limit.ts';

function admission(clock = new FakeClock()): Admission {
  return new Admission({ clock, trustedNetworks: ['192.0.2.0/24'], ownNetworks: ['127.0.0.0/8', '198.51.100.9'] });
}

/** Counts how many of `count` connections that stay open are accepted. */
function admitted(limits: Admission, address: string, count: number): number {
  return Array.from({ length: count }, () => limits.connect('smtp', address)).filter((one) => one.kind === 'admitted')
    .length;
}

for (const [address, want] of [
  ['203.0.113.1', 30],
  ['2001:db8::1', 30],
  ['192.0.2.200', 400],
  ['127.0.0.1', 400],
  ['198.51.100.9', 400],
  ['198.51.100.8', 30],
] as const) {
  test(`Admission: of 400 connections at once from ${address}, ${want} are let in`, () => {
    assert.equal(admitted(admission(), address, 400), want);
  });
}

test('Admission: places come back, other protocols and networks have their own, and the rate has a minute', () => {
  const clock = new FakeClock();
  const limits = admission(clock);
  const first = limits.connect('smtp', '203.0.113.1');
  assert.equal(admitted(limits, '203.0.113.1', 40), 29);
  assert.equal(limits.connect('smtp', '203.0.113.1').kind, 'tooMany');
  assert.equal(limits.connect('imap', '203.0.113.1').kind, 'admitted');
  assert.equal(limits.connect('smtp', '203.0.120.1').kind, 'admitted');
  if (first.kind === 'admitted') first.place[Symbol.dispose]();
  assert.equal(limits.connect('smtp', '203.0.113.1').kind, 'admitted');
  admitted(limits, '203.0.113.1', 300);
  assert.equal(limits.connect('smtp', '203.0.113.1').kind, 'tooFast');
});

/** Begins a login that is admitted at once. */
async function begun(limits: Admission, address: string): Promise<LoginAttempt> {
  const admission = await limits.beginLogin(address);
  assert.equal(admission.kind, 'admitted');
  assert.ok(admission.kind === 'admitted');
  return admission.attempt;
}

test('Admission: ten wrong guesses a minute, also on this machine; trusted networks are not counted', async () => {
  for (const [address, wantFails] of [
    ['203.0.113.1', true],
    ['127.0.0.1', true],
    ['192.0.2.1', false],
  ] as const) {
    const limits = admission();
    for (let i = 0; i < 10; i += 1) {
      assert.equal(limits.mayLogIn(address), true);
      (await begun(limits, address)).failed('ann');
    }
    assert.equal(limits.mayLogIn(address), !wantFails, address);
    assert.equal((await limits.beginLogin(address)).kind, wantFails ? 'failedTooOften' : 'admitted');
  }
});

test('Admission: a right login forgives wrong guesses at its own name from its own address, and no others', async () => {
  const limits = admission();
  for (let i = 0; i < 9; i += 1) (await begun(limits, '203.0.113.1')).failed(i < 5 ? 'Mallory' : 'ann');
  (await begun(limits, '203.0.113.1')).succeeded('mallory');
  (await begun(limits, '203.0.113.2')).succeeded('ann');
  for (let i = 0; i < 5; i += 1) (await begun(limits, '203.0.113.1')).failed('ann');
  (await begun(limits, '203.0.113.1')).succeeded('mallory');
  (await begun(limits, '203.0.113.1')).failed('ann');
  assert.equal((await limits.beginLogin('203.0.113.1')).kind, 'failedTooOften');
});

test('Admission: guesses at once are not more than guesses one after another; the rest waits, and a wait has an end', async () => {
  const clock = new FakeClock();
  const limits = admission(clock);
  const first = await Promise.all(Array.from({ length: 10 }, () => begun(limits, '203.0.113.1')));
  const ends: string[] = [];
  const waiting = Array.from({ length: 51 }, async () => {
    const admitted = await limits.beginLogin('203.0.113.1');
    ends.push(admitted.kind);
    return admitted;
  });
  await clock.advance(0);
  assert.deepEqual(ends, ['busy'], 'only so many may wait');
  // Other networks do not wait.
  (await begun(limits, '198.51.100.77')).failed('ann');
  first[0]?.succeeded('ann');
  first[1]?.[Symbol.dispose]();
  first[1]?.failed('ann');
  const second = await Promise.all([waiting[0], waiting[1]]);
  assert.deepEqual(ends, ['busy', 'admitted', 'admitted']);
  await clock.advance(loginLimits.waitMs);
  await Promise.all(waiting);
  assert.equal(ends.filter((end) => end === 'busy').length, 49);
  for (const attempt of first) attempt.failed('ann');
  for (const admitted of second) if (admitted?.kind === 'admitted') admitted.attempt.failed('ann');
  assert.equal(limits.mayLogIn('203.0.113.1'), false);
});

test('Admission: those who wait are refused once others have failed too often', async () => {
  const limits = admission();
  const first = await Promise.all(Array.from({ length: 10 }, () => begun(limits, '203.0.113.1')));
  const waiting = Array.from({ length: 5 }, () => limits.beginLogin('203.0.113.1'));
  for (const attempt of first) attempt.failed(null);
  assert.deepEqual(new Set((await Promise.all(waiting)).map(({ kind }) => kind)), new Set(['failedTooOften']));
});

test('Admission: thirty unknown recipients a minute, whatever the wall clock does; not counted on this machine', async () => {
  const clock = new FakeClock();
  const limits = admission(clock);
  for (let i = 0; i < 30; i += 1) {
    assert.ok(limits.mayNameRecipients('203.0.113.1'));
    for (const address of ['203.0.113.1', '127.0.0.1', '192.0.2.7']) limits.noteUnknownRecipient(address);
  }
  assert.deepEqual(
    ['203.0.113.1', '203.0.113.2', '127.0.0.1', '192.0.2.7'].map((address) => limits.mayNameRecipients(address)),
    [false, true, true, true],
  );
  clock.shiftWall(-3_600_000);
  await clock.advance(120_000);
  assert.ok(limits.mayNameRecipients('203.0.113.1'));
});

test('Admission: a clock that is set back an hour locks out no regular sender', async () => {
  const clock = new FakeClock();
  const limits = admission(clock);
  for (let minute = 0; minute < 5; minute += 1) {
    if (minute === 2) clock.shiftWall(-3_600_000);
    for (let i = 0; i < 140; i += 1) {
      const admitted = limits.connect('smtp', '203.0.113.1');
      assert.equal(admitted.kind, 'admitted', `${minute}`);
      if (admitted.kind === 'admitted') admitted.place[Symbol.dispose]();
    }
    await clock.advance(60_000);
  }
});

test('Admission: so many connections at one time, from any address', () => {
  const limits = new Admission({ clock: new FakeClock(), trustedNetworks: [], maxConnections: 2 });
  const first = limits.enter();
  const second = limits.enter();
  assert.ok(first !== null && second !== null);
  assert.equal(limits.enter(), null);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.ok(limits.enter() !== null);
  assert.equal(limits.enter(), null);
});

test('Admission: the start of each lockout is logged once, with address, name and end; status lists it until it ends or is forgiven', async () => {
  const clock = new FakeClock();
  const log = new FakeLog();
  const limits = new Admission({ clock, log, trustedNetworks: [] });
  const starts = (): unknown[] =>
    log.events.filter(({ event }) => event === 'login.lockedOut').map(({ fields }) => fields);
  const guesses = await Promise.all(Array.from({ length: 9 }, () => begun(limits, '203.0.113.1')));
  for (const guess of guesses) guess.failed('ann');
  assert.deepEqual([starts(), limits.lockouts], [[], []]);
  const startMs = clock.now();
  (await begun(limits, '203.0.113.1')).failed('bob');
  assert.equal((await limits.beginLogin('203.0.113.1')).kind, 'failedTooOften');
  const [lockout] = limits.lockouts;
  assert.ok(lockout !== undefined);
  assert.deepEqual([lockout.address, lockout.login, lockout.sinceMs], ['203.0.113.1', 'bob', startMs]);
  const until = new Date(lockout.untilMs).toISOString();
  assert.deepEqual(starts(), [{ remoteAddress: '203.0.113.1', login: 'bob', until }]);
  await clock.advance(lockout.untilMs - startMs - 1000);
  assert.equal(limits.mayLogIn('203.0.113.1'), false);
  await clock.advance(1000);
  assert.equal(limits.mayLogIn('203.0.113.1'), true);
  assert.deepEqual(limits.lockouts, []);
  (await begun(limits, '203.0.113.1')).failed('ann');
  assert.equal(starts().length, 2);
});
