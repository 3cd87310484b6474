import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localBus } from '#host/bus-local';
import type { Identity } from '#lib/sasl';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { Admission } from './admission.ts';
import { Logins, type LoginProtocol, type LoginTry } from './logins.ts';

const remoteAddress = '203.0.113.1';

function world() {
  const [clock, log] = [new FakeClock(), new FakeLog()];
  const admission = new Admission({ clock, trustedNetworks: [] });
  const uses: string[] = [];
  const accounts = { ann: {}, off: { loginDisabled: 'on leave' } };
  const logins = new Logins({
    admission,
    appPasswords: { noteUse: async (_identity, { protocol }) => void uses.push(protocol) },
    bus: localBus({ log }),
    checker: { isStillProved: () => Promise.resolve(true) },
    clock,
    configuration: { config: { domains: { accounts } } } as never,
    log,
  });
  const begin = async (protocol: LoginProtocol): Promise<LoginTry> => {
    const start = await logins.begin({ protocol, remoteAddress, log: log.with({ cid: 'c1' }) });
    assert.equal(start.kind, 'admitted');
    assert.ok(start.kind === 'admitted');
    return start.login;
  };
  return { admission, log, uses, begin };
}

const ann: Identity = { account: 'ann', login: 'ann@example.org' };
const terms = { mechanism: 'PLAIN', scopes: ['mail'] } as const;

for (const protocol of ['imap', 'submission', 'http'] as const) {
  test(`Logins: ${protocol} counts and logs each refusal alike, whatever was wrong`, async () => {
    const { admission, log, uses, begin } = world();
    const wrong = { mechanism: 'PLAIN', login: 'ann', failure: 'credentials', reason: 'wrong' } as const;
    const printer: Identity = { ...ann, appPassword: { id: 1, scopes: ['send'] } };
    for (let i = 0; i < 8; i += 1) (await begin(protocol)).failed(wrong);
    const off = (await begin(protocol)).decide({ account: 'off', login: 'off@example.org' }, terms);
    assert.deepEqual(off, { kind: 'disabled', text: 'on leave' });
    assert.equal(admission.mayLogIn(remoteAddress), true);
    assert.deepEqual((await begin(protocol)).decide(printer, terms), { kind: 'notPermitted' });
    assert.equal(admission.mayLogIn(remoteAddress), false, 'the tenth');
    assert.deepEqual(
      log.events.map(({ event, fields }) => [event, fields['cid'], fields['remoteAddress'], fields['failure']]),
      [...Array<string>(8).fill('credentials'), 'disabled', 'authorization'].map((failure) => [
        `${protocol}.loginFailed`,
        'c1',
        remoteAddress,
        failure,
      ]),
    );
    assert.deepEqual(uses, []);
  });
}

test('Logins: what was malformed or cancelled is logged and not counted', async () => {
  const { admission, log, begin } = world();
  for (let i = 0; i < 20; i += 1)
    (await begin('imap')).failed({ mechanism: 'PLAIN', login: null, failure: 'aborted', reason: 'cancelled' });
  assert.equal(admission.mayLogIn(remoteAddress), true);
  assert.equal(log.events.length, 20);
});

test('Logins: a permitted login forgives, is logged once, and its use is noted each time', async () => {
  const { admission, log, uses, begin } = world();
  const wrong = { mechanism: 'PLAIN', login: ann.login, failure: 'credentials', reason: 'wrong' } as const;
  for (let i = 0; i < 9; i += 1) (await begin('http')).failed(wrong);
  log.events.length = 0;
  assert.equal((await begin('http')).decide(ann, terms).kind, 'permitted');
  assert.equal((await begin('http')).decide(ann, { ...terms, isRepeated: true }).kind, 'permitted');
  assert.deepEqual(
    log.events.map(({ event }) => event),
    ['http.login'],
  );
  assert.deepEqual(uses, ['http', 'http']);
  for (let i = 0; i < 9; i += 1) (await begin('http')).failed(wrong);
  assert.equal(admission.mayLogIn(remoteAddress), true);
});

test('Logins: a name that is too long to be one is cut in the log', async () => {
  const { log, begin } = world();
  const login = 'x'.repeat(100_000);
  (await begin('imap')).failed({ mechanism: 'PLAIN', login, failure: 'credentials', reason: 'wrong' });
  assert.equal(String(log.events[0]?.fields['login']).length, 320);
});
