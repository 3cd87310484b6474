import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localBus } from '#host/bus-local';
import type { Identity } from '#lib/sasl';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { OpenLogins } from './open-logins.ts';

interface World {
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly open: OpenLogins;
  /** Proofs that hold no longer; each look at one of them waits for `gate`. */
  readonly gone: Set<string>;
  readonly accounts: Record<string, { readonly loginDisabled?: string }>;
  readonly looks: string[];
  gate: Promise<void>;
  /** Wakes the check, and waits until it is over. */
  readonly changed: (topic: string) => Promise<void>;
}

function world(): World {
  const [clock, log] = [new FakeClock(), new FakeLog()];
  const bus = localBus({ log });
  const looks: string[] = [];
  const gone = new Set<string>();
  const accounts: World['accounts'] = { ann: {}, bob: {} };
  const isStillProved = async ({ proof = '' }: Identity): Promise<boolean> => {
    looks.push(proof);
    const holds = !gone.has(proof);
    await made.gate;
    if (gone.has('failing')) throw new Error('the disk is away');
    return holds;
  };
  const configuration = { config: { domains: { accounts } } } as never;
  const open = new OpenLogins({ bus, checker: { isStillProved }, clock, configuration, log });
  const changed = async (topic: string): Promise<void> => {
    bus.publish(topic);
    await clock.advance(0);
  };
  const made: World = { clock, log, open, gone, accounts, looks, gate: Promise.resolve(), changed };
  return made;
}

const ann = (proof: string): Identity => ({ account: 'ann', login: 'ann@example.org', proof });
const bob: Identity = { account: 'bob', login: 'bob@example.org', proof: 'password b' };

test('OpenLogins ends the logins whose proof is gone, and asks once for those that share it', async () => {
  const { open, gone, looks, changed } = world();
  const phones = [open.open(ann('app 1'), 0), open.open(ann('app 1'), 0)];
  const others = [open.open(ann('password a'), 0), open.open(bob, 0)];
  await changed('logins');
  assert.deepEqual(looks, ['app 1', 'password a', 'password b']);
  gone.add('app 1');
  await changed('logins');
  for (const { ended } of phones) {
    assert.equal(ended.aborted, true);
    assert.match(
      String(ended.reason),
      /^LoginEnded: your login has ended: its password or key was changed or removed$/,
    );
  }
  for (const { ended } of others) assert.equal(ended.aborted, false);
  // What was ended or disposed is not looked at anymore.
  others[0]?.[Symbol.dispose]();
  looks.length = 0;
  await changed('logins');
  assert.deepEqual(looks, ['password b']);
});

test('OpenLogins ends the logins of an account that is disabled or leaves the configuration, with its reason', async () => {
  const { open, accounts, changed } = world();
  const [first, second] = [open.open(ann('password a'), 0), open.open(bob, 0)];
  accounts['ann'] = { loginDisabled: 'on leave until May' };
  delete accounts['bob'];
  await changed('config');
  assert.equal(String(first.ended.reason), 'LoginEnded: on leave until May');
  assert.equal(String(second.ended.reason), 'LoginEnded: there is no such account anymore');
});

test('OpenLogins checks at once what was proved before a change and is opened after it', async () => {
  const { open, gone, clock, changed } = world();
  const since = open.changes;
  gone.add('password a');
  await changed('logins');
  const late = open.open(ann('password a'), since);
  await clock.advance(0);
  assert.equal(late.ended.aborted, true);
  const fresh = open.open(ann('password a'), open.changes);
  await clock.advance(0);
  assert.equal(fresh.ended.aborted, false, 'proved after the change');
});

test('OpenLogins sees a change that comes during a check', async () => {
  const made = world();
  const { open, gone, clock, changed } = made;
  const gate = Promise.withResolvers<void>();
  made.gate = gate.promise;
  const login = open.open(ann('password a'), 0);
  await changed('logins');
  gone.add('password a');
  await changed('logins');
  assert.equal(login.ended.aborted, false);
  gate.resolve();
  await clock.advance(0);
  assert.equal(login.ended.aborted, true);
});

test('OpenLogins ends a login when its app password expires, also after the clock was set', async () => {
  const { open, clock } = world();
  const login = open.open({ ...ann('app 1'), untilMs: clock.now() + 60_000 }, 0);
  await clock.advance(59_000);
  clock.shiftWall(-30_000);
  await clock.advance(2000);
  assert.equal(login.ended.aborted, false);
  await clock.advance(30_000);
  assert.equal(String(login.ended.reason), 'LoginEnded: your login has ended: the app password has expired');
});

test('OpenLogins tries again when it could not look, and keeps the logins until then', async () => {
  const { open, gone, clock, log, changed } = world();
  const login = open.open(ann('password a'), 0);
  gone.add('password a').add('failing');
  await changed('logins');
  assert.deepEqual([login.ended.aborted, log.ofLevel('error').length], [false, 1]);
  gone.delete('failing');
  await clock.advance(10_000);
  assert.equal(login.ended.aborted, true);
});
