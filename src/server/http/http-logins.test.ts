import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from '#host/http-server';
import { LoginsBusy, type AppPasswordScope } from '#lib/sasl';
import { localBus } from '#host/bus-local';
import { Admission, Logins } from '#server/admission';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { HttpLogins, type HttpLogin } from './http-logins.ts';

interface World {
  readonly log: FakeLog;
  readonly noted: string[];
  readonly ask: (
    authorization: string | null,
    facts?: Partial<RequestFacts>,
    scopes?: readonly AppPasswordScope[],
    headers?: Readonly<Record<string, string>>,
  ) => Promise<HttpLogin>;
}

function world(): World {
  const log = new FakeLog();
  const noted: string[] = [];
  const clock = new FakeClock();
  const names = ['ann', 'printer', 'phone', 'reader'];
  const accounts = {
    ...Object.fromEntries(names.map((name) => [name, {}])),
    off: { loginDisabled: 'the account is closed' },
  };
  const logins = new HttpLogins({
    logins: new Logins({
      admission: new Admission({ clock, log, trustedNetworks: [] }),
      appPasswords: { noteUse: async () => undefined },
      bus: localBus({ log }),
      checker: { isStillProved: () => Promise.resolve(true) },
      clock,
      configuration: { config: { domains: { accounts } } } as never,
      log,
    }),
    credentials: {
      checkToken: (token) => {
        const [account = '', scope = ''] = token.split('.');
        if (!names.includes(account) && account !== 'off') return Promise.resolve(null);
        const scopes = [scope === 'send' ? ('send' as const) : ('mail' as const)];
        return Promise.resolve({ account, login: account, appPassword: { id: 9, scopes } });
      },
      checkPassword: (login, password) => {
        if (login === 'busy') return Promise.reject(new LoginsBusy('busy'));
        if (password !== 'pässword:1') return Promise.resolve(null);
        const appPassword = {
          printer: { id: 1, scopes: ['send'] as const },
          phone: { id: 2, scopes: ['mail'] as const },
          reader: { id: 3, scopes: ['send', 'read-only'] as const },
        }[login];
        return Promise.resolve({ account: login, login, ...(appPassword === undefined ? {} : { appPassword }) });
      },
    },
    sessions: { check: () => Promise.resolve(null) },
    allowPlaintextAuth: false,
  });
  const facts: RequestFacts = {
    log,
    remote: { address: '192.0.2.1', port: 5 },
    local: { address: '192.0.2.9', port: 443 },
    isTls: true,
    tls: null,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    limitBody: () => undefined,
    upgrade: null,
    noteAccount: (account) => void noted.push(account),
    noteClient: () => undefined,
  };
  return {
    log,
    noted,
    ask: (authorization, changed = {}, scopes, headers = {}) =>
      logins.authenticate(
        new Request('https://a/', {
          headers: authorization === null ? headers : { ...headers, Authorization: authorization },
        }),
        { ...facts, ...changed },
        scopes,
      ),
  };
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const statusOf = (login: HttpLogin): number => (login.kind === 'account' ? 200 : login.response.status);

for (const [name, authorization, changed, status] of [
  ['right', basic('ann:pässword:1'), {}, 200],
  ['the scheme in other letters', basic('ann:pässword:1').replace('Basic', 'bASIC'), {}, 200],
  ['none', null, {}, 401],
  ['wrong', basic('ann:password'), {}, 401],
  ['no colon', basic('ann'), {}, 401],
  ['not base64', 'Basic ann:password', {}, 401],
  ['not UTF-8', 'Basic /zp4', {}, 401],
  ['a wrong token', 'Bearer abc', {}, 401],
  ['a right token', 'Bearer ann.mail', {}, 200],
  ['the scheme of a token in other letters', 'bEARER  ann.mail ', {}, 200],
  ['a token that permits sending only', 'Bearer ann.send', {}, 403],
  ['a token of an account that is disabled', 'Bearer off.mail', {}, 403],
  ['no token', 'Bearer', {}, 400],
  ['two tokens', 'Bearer ann.mail bob.mail', {}, 400],
  ['a token with what no token has', 'Bearer ann.mail"', {}, 400],
  ['a token without TLS', 'Bearer ann.mail', { isTls: false }, 403],
  ['another scheme', 'Digest username="ann"', {}, 401],
  ['an account that is disabled', basic('off:pässword:1'), {}, 403],
  ['an app password that permits mail', basic('phone:pässword:1'), {}, 200],
  ['an app password that permits sending only', basic('printer:pässword:1'), {}, 403],
  ['too many at once', basic('busy:x'), {}, 503],
  ['without TLS', basic('ann:pässword:1'), { isTls: false }, 403],
  ['without TLS on loopback', basic('ann:pässword:1'), { isTls: false, remote: { address: '::1', port: 5 } }, 200],
] as const) {
  test(`HttpLogins.authenticate: ${name} is ${status}`, async () => {
    const { ask } = world();
    const login = await ask(authorization, changed);
    assert.equal(statusOf(login), status);
    if (login.kind === 'refused' && status === 401) {
      const error = name === 'a wrong token' ? ', error="invalid_token"' : '';
      const wanted = `Basic realm="Godwit", charset="UTF-8", Bearer realm="Godwit"${error}`;
      assert.equal(login.response.headers.get('WWW-Authenticate'), wanted);
    }
  });
}

test('HttpLogins.authenticate: an app password to read is taken only where nothing is changed with it', async () => {
  const { ask } = world();
  assert.equal(statusOf(await ask(basic('reader:pässword:1'))), 403);
  for (const [login, status] of [
    ['reader', 200],
    ['phone', 200],
    ['ann', 200],
    ['printer', 403],
  ] as const)
    assert.equal(statusOf(await ask(basic(`${login}:pässword:1`), {}, ['mail', 'read-only'])), status, login);
});

test('HttpLogins.authenticate: the account is noted for each request, the login logged once for a connection', async () => {
  const { ask, log, noted } = world();
  await ask(basic('ann:pässword:1'));
  await ask(basic('ann:pässword:1'));
  assert.deepEqual(noted, ['ann', 'ann']);
  assert.deepEqual(
    log.events.map(({ event }) => event),
    ['http.login'],
  );
});

test('HttpLogins.authenticate: wrong passwords count as those of IMAP and SMTP do', async () => {
  const { ask, log } = world();
  for (let i = 0; i < 10; i += 1) assert.equal(statusOf(await ask(basic('ann:wrong'))), 401);
  assert.equal(statusOf(await ask(basic('ann:pässword:1'))), 429);
  assert.equal(log.events.filter(({ event }) => event === 'http.loginFailed').length, 10);
});

for (const [mode, wanted] of [
  ['navigate', /^Basic .*, Bearer /],
  ['cors', /^Bearer realm="Godwit"$/],
] as const) {
  test(`HttpLogins.authenticate: to a request of mode ${mode} only what the browser may ask its user for is offered`, async () => {
    const login = await world().ask(null, {}, undefined, { 'Sec-Fetch-Mode': mode });
    assert.ok(login.kind === 'refused');
    assert.match(login.response.headers.get('WWW-Authenticate') ?? '', wanted);
  });
}

test('HttpLogins.authenticate: refused tokens say why, as RFC 6750 has it', async () => {
  const { ask } = world();
  for (const [token, error] of [
    ['abc', 'invalid_token'],
    ['"', 'invalid_request'],
    ['ann.send', 'insufficient_scope'],
  ] as const) {
    const login = await ask(`Bearer ${token}`);
    assert.ok(login.kind === 'refused');
    assert.match(login.response.headers.get('WWW-Authenticate') ?? '', new RegExp(`error="${error}"$`));
  }
});

test('HttpLogins.authenticate: 10,000 wrong tokens lock their network out of guessing, and no right token', async () => {
  const { ask, log } = world();
  const statuses = new Map<number, number>();
  for (let i = 0; i < 10_000; i += 1) {
    const status = statusOf(await ask(`Bearer guess.${i}`));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert.deepEqual(
    [...statuses],
    [
      [401, 10],
      [429, 9990],
    ],
  );
  assert.equal(log.events.filter(({ event }) => event === 'http.loginFailed').length, 10);
  assert.equal(log.events.filter(({ event }) => event === 'login.lockedOut').length, 1);
  assert.equal(statusOf(await ask('Bearer ann.mail')), 200);
  assert.equal(statusOf(await ask(basic('ann:pässword:1'))), 429, 'passwords can be guessed');
  const elsewhere = { remote: { address: '198.51.100.7', port: 5 } };
  assert.equal(statusOf(await ask(basic('ann:pässword:1'), elsewhere)), 200);
});

test('HttpLogins.authenticate: a removed token that a program goes on sending counts once, so that others may log in', async () => {
  const { ask } = world();
  for (let i = 0; i < 1000; i += 1) {
    assert.equal(statusOf(await ask('Bearer removed')), 401);
    assert.equal(statusOf(await ask('Bearer ann.send')), 403);
  }
  assert.equal(statusOf(await ask(basic('ann:pässword:1'))), 200);
  for (let i = 0; i < 8; i += 1) assert.equal(statusOf(await ask(`Bearer guess.${i}`)), 401);
  assert.equal(statusOf(await ask(basic('ann:pässword:1'))), 429);
});
