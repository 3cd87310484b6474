import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localBus } from '#host/bus-local';
import type { RequestFacts } from '#host/http-server';
import { systemRandom } from '#host/random';
import { AppPasswords, CredentialChecker, Credentials, WebSessions } from '#mail/auth';
import { Admission, Logins } from '#server/admission';
import { HttpLogins, plainAnswer, router } from '#server/http';
import { directHash } from '#testing/direct-hash';
import { FakeLog } from '#testing/fake-log';
import { tempStore, type TempStore } from '#testing/temp-store';
import { webSessionArea } from './index.ts';

const limits = { argon2MemoryKiB: 64, argon2Passes: 1, scramIterations: 10 };

/** Answer of the server, with its cookie. */
interface Answered {
  readonly status: number;
  readonly text: string;
  readonly setCookie: string | null;
}

interface World extends TempStore {
  readonly log: FakeLog;
  readonly appPasswords: AppPasswords;
  readonly credentials: Credentials;
  readonly sessions: WebSessions;
  /** Asks as a page of the server does, or with other header fields; with a body when there is one. */
  readonly ask: (
    path: string,
    cookie?: string | null,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answered>;
  /** Logs in. @returns the cookie. */
  readonly logIn: () => Promise<string>;
}

async function inWorld(isTls: boolean, body: (world: World) => Promise<void>): Promise<void> {
  await using store = await tempStore();
  const { databases, clock } = store;
  const log = new FakeLog();
  const bus = localBus({ log });
  const deps = { db: databases.server, bus, clock, random: systemRandom, hash: directHash, limits, log };
  const directory = { accountOf: (login: string) => (login.startsWith('mara') ? 'mara' : null) };
  const checker = new CredentialChecker({ ...deps, directory });
  const [credentials, appPasswords, sessions] = [new Credentials(deps), new AppPasswords(deps), new WebSessions(deps)];
  await credentials.setPassword('mara', 'correct horse');
  const configuration = { config: { domains: { accounts: { mara: {} } } } } as never;
  const admission = new Admission({ clock, log, trustedNetworks: [] });
  using logins = new Logins({ admission, appPasswords, bus, checker, clock, configuration, log });
  const http = new HttpLogins({ logins, credentials: checker, sessions, allowPlaintextAuth: false });
  const handler = router({
    areas: [
      webSessionArea({ logins: http, sessions }),
      {
        // As JMAP and downloads do.
        name: 'mail',
        paths: ['/mail'],
        maxBodyBytes: 100,
        handle: async (request, facts) => {
          const login = await http.authenticate(request, facts, ['mail', 'read-only']);
          return login.kind === 'refused' ? login.response : plainAnswer(200, `mail of ${login.identity.account}`);
        },
      },
    ],
    hosts: ['mail.example.org'],
    isHost: () => false,
    allowedOrigins: ['https://friend.example'],
  });
  const facts: RequestFacts = {
    log,
    remote: { address: isTls ? '203.0.113.5' : '127.0.0.1', port: 5 },
    local: { address: '192.0.2.9', port: 443 },
    isTls,
    tls: null,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    limitBody: () => undefined,
    upgrade: null,
    noteAccount: () => undefined,
    noteClient: () => undefined,
  };
  const origin = `${isTls ? 'https' : 'http'}://mail.example.org`;
  const ask: World['ask'] = async (
    path,
    cookie = null,
    given,
    headers = { Origin: origin, 'Sec-Fetch-Site': 'same-origin' },
  ) => {
    const all = new Headers({
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      ...headers,
    });
    if (cookie !== null) all.set('Cookie', cookie);
    if (given !== undefined && !all.has('Content-Type')) all.set('Content-Type', 'application/json');
    const init = { method: given === undefined ? 'GET' : 'POST', headers: all };
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    const request = new Request(`${origin}${path}`, given === undefined ? init : { ...init, body: text });
    const response = await handler(request, facts);
    return { status: response.status, text: await response.text(), setCookie: response.headers.get('Set-Cookie') };
  };
  const logIn = async (): Promise<string> => {
    const { status, setCookie } = await ask('/web-session/login', null, right);
    assert.equal(status, 200);
    return (setCookie ?? '').split(';')[0] ?? '';
  };
  await body({ ...store, log, appPasswords, credentials, sessions, ask, logIn });
}

const right = { login: 'mara@example.org', password: 'correct horse' };

for (const isTls of [true, false]) {
  test(`web-session: log in, use, log out, ${isTls ? 'with TLS' : 'on loopback without TLS'}`, () =>
    inWorld(isTls, async ({ ask, log }) => {
      const begun = await ask('/web-session/login', null, right);
      assert.deepEqual(JSON.parse(begun.text), { account: 'mara', login: 'mara@example.org', session: 1 });
      const name = isTls ? '__Host-godwit' : 'godwit';
      const pattern = new RegExp(
        `^${name}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000${isTls ? '; Secure' : ''}$`,
      );
      assert.match(begun.setCookie ?? '', pattern);
      const cookie = `theme=dark; ${begun.setCookie?.split(';')[0]}; other=1`;
      const who = await ask('/web-session', cookie);
      assert.deepEqual(JSON.parse(who.text), { account: 'mara', login: 'mara@example.org', session: 1 });
      assert.equal((await ask('/mail', cookie)).text, 'mail of mara\n');
      const out = await ask('/web-session/logout', cookie, {});
      assert.match(out.setCookie ?? '', new RegExp(`^${name}=; .*; Max-Age=0`));
      assert.equal((await ask('/mail', cookie)).status, 401);
      const events = log.events.map(({ event }) => event).filter((event) => /http\.login|webSession/.test(event));
      assert.deepEqual(events, ['http.login', 'webSession.begun']);
    }));
}

test('web-session: the cookie of a connection without TLS is not one with TLS, nor the other way round', () =>
  inWorld(true, async ({ ask, logIn }) => {
    const token = (await logIn()).split('=')[1] ?? '';
    assert.equal((await ask('/mail', `__Host-godwit=${token}`)).status, 200);
    assert.equal((await ask('/mail', `godwit=${token}`)).status, 401);
    assert.equal((await ask('/mail', `__host-godwit=${token}`)).status, 401);
    // One of two was set by another.
    assert.equal((await ask('/mail', `__Host-godwit=forged; __Host-godwit=${token}`)).status, 401);
  }));

test('web-session: forged cookies are refused and removed, count for no lockout, and the right one goes on', () =>
  inWorld(true, async ({ ask, logIn, log }) => {
    const cookie = await logIn();
    for (let i = 0; i < 2000; i += 1) {
      const forged = `__Host-godwit=${Buffer.alloc(32, i).toString('base64url')}`;
      const answer = await ask('/mail', i % 2 === 0 ? forged : `${cookie}x`);
      assert.equal(answer.status, 401);
      assert.match(answer.setCookie ?? '', /^__Host-godwit=; .*Max-Age=0/);
    }
    assert.equal((await ask('/mail', '__Host-godwit=' + 'x'.repeat(5000))).status, 401);
    assert.equal((await ask('/mail', cookie)).status, 200);
    assert.equal((await ask('/web-session/login', null, right)).status, 200);
    assert.equal(
      log.events.some(({ event }) => event === 'http.loginFailed'),
      false,
    );
  }));

test('web-session: a cookie that another chose is never that of a session (fixation)', () =>
  inWorld(true, async ({ ask, logIn }) => {
    const chosen = `__Host-godwit=${'A'.repeat(43)}`;
    const begun = await ask('/web-session/login', chosen, right);
    assert.equal(begun.status, 200);
    assert.equal(begun.setCookie?.includes('A'.repeat(43)), false);
    assert.equal((await ask('/mail', chosen)).status, 401);
    // The session of an attacker whose cookie the browser had ends with the login.
    const attackers = await logIn();
    await ask('/web-session/login', attackers, right);
    assert.equal((await ask('/mail', attackers)).status, 401);
  }));

for (const [what, headers, reads, writes] of [
  ['a page of ours', { Origin: 'https://mail.example.org', 'Sec-Fetch-Site': 'same-origin' }, 200, 200],
  ['a page of ours in an old browser', { Origin: 'https://mail.example.org' }, 200, 200],
  ['the address bar', { 'Sec-Fetch-Site': 'none' }, 200, 403],
  ['neither field', {}, 200, 403],
  ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }, 403, 403],
  ['another site that hides', { Origin: 'null' }, 403, 403],
  ['an image of another site', { 'Sec-Fetch-Site': 'cross-site' }, 403, 403],
  ['a neighbour of our domain', { Origin: 'https://blog.example.org', 'Sec-Fetch-Site': 'same-site' }, 403, 403],
  [
    'an allowed origin, which has no cookies',
    { Origin: 'https://friend.example', 'Sec-Fetch-Site': 'cross-site' },
    403,
    403,
  ],
  ['our page without TLS', { Origin: 'http://mail.example.org', 'Sec-Fetch-Site': 'cross-site' }, 403, 403],
  ['our page on another port', { Origin: 'https://mail.example.org:8443', 'Sec-Fetch-Site': 'same-site' }, 403, 403],
] as const) {
  test(`web-session: with the cookie, ${what} may read: ${reads}, and change: ${writes}`, () =>
    inWorld(true, async ({ ask, logIn, sessions }) => {
      const cookie = await logIn();
      assert.equal((await ask('/mail', cookie, undefined, headers)).status, reads);
      assert.equal((await ask('/mail', cookie, {}, headers)).status, writes);
      assert.equal((await ask('/web-session/end', cookie, { id: 1 }, headers)).status, writes);
      assert.equal((await sessions.list('mara')).length, writes === 200 ? 0 : 1);
    }));
}

test('web-session: a page of another site logs no reader in, nor a form', () =>
  inWorld(true, async ({ ask }) => {
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'https://friend.example', 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ]) {
      const { status, setCookie } = await ask('/web-session/login', null, right, headers);
      assert.deepEqual([status, setCookie], [403, null]);
    }
    const form = { Origin: 'https://mail.example.org', 'Content-Type': 'text/plain' };
    assert.equal((await ask('/web-session/login', null, JSON.stringify(right), form)).status, 415);
  }));

test('web-session: sessions are listed with their devices, and ended one by one or all but this one', () =>
  inWorld(true, async ({ ask, logIn }) => {
    const [first, second, third, fourth] = [await logIn(), await logIn(), await logIn(), await logIn()];
    const { sessions } = JSON.parse((await ask('/web-session/list', second)).text) as {
      sessions: { id: number; device: string; address: string; isCurrent: boolean }[];
    };
    assert.deepEqual(
      sessions.map(({ id, device, address, isCurrent }) => [id, device, address, isCurrent]),
      [4, 3, 2, 1].map((id) => [id, 'Firefox on Linux', '203.0.113.5', id === 2]),
    );
    assert.equal((await ask('/web-session/end', second, { id: 1 })).status, 200);
    assert.equal((await ask('/mail', first)).status, 401);
    assert.equal((await ask('/web-session/end', second, { id: 1 })).status, 404);
    assert.deepEqual(JSON.parse((await ask('/web-session/end-others', second, {})).text), { ended: 2 });
    for (const [cookie, status] of [
      [second, 200],
      [third, 401],
      [fourth, 401],
    ] as const)
      assert.equal((await ask('/mail', cookie)).status, status);
  }));

test('web-session: a new password ends the session', () =>
  inWorld(true, async ({ ask, logIn, credentials, clock }) => {
    const cookie = await logIn();
    await clock.advance(1);
    await credentials.setPassword('mara', 'battery staple');
    assert.equal((await ask('/mail', cookie)).status, 401);
  }));

test('web-session: wrong passwords count, and app passwords begin no session and see none', () =>
  inWorld(true, async ({ ask, appPasswords, log }) => {
    const password = await appPasswords.add('mara', { name: 'phone', scopes: ['mail'], expiresMs: null });
    assert.equal((await ask('/web-session/login', null, { ...right, password })).status, 403);
    const bearer = { Authorization: `Bearer ${password}` };
    assert.equal((await ask('/web-session', null, undefined, bearer)).status, 200);
    assert.equal((await ask('/web-session/list', null, undefined, bearer)).status, 403);
    assert.equal((await ask('/web-session/end-others', null, {}, bearer)).status, 403);
    for (let i = 0; i < 10; i += 1)
      assert.equal((await ask('/web-session/login', null, { ...right, password: 'wrong' })).status, 401);
    assert.equal((await ask('/web-session/login', null, right)).status, 429);
    assert.equal(log.events.filter(({ event }) => event === 'http.loginFailed').length, 10);
  }));

for (const [path, body, status] of [
  ['/web-session/login', '{', 400],
  ['/web-session/login', {}, 400],
  ['/web-session/login', { ...right, more: 1 }, 400],
  ['/web-session/login', { login: 'x'.repeat(501), password: 'x' }, 400],
  ['/web-session/login', '['.repeat(4000), 400],
  ['/web-session/login', 'x'.repeat(9000), 413],
  ['/web-session/end', { id: 'x' }, 400],
  ['/web-session/list', {}, 405],
  ['/web-session/login', undefined, 405],
  ['/web-session/nothing', undefined, 404],
] as const) {
  test(`web-session: ${path} with ${JSON.stringify(body)?.slice(0, 40)} is ${status}`, () =>
    inWorld(true, async ({ ask, logIn }) => {
      const length = { 'Content-Length': String(JSON.stringify(body)?.length ?? 0) };
      const headers = { Origin: 'https://mail.example.org', ...(status === 413 && length) };
      assert.equal((await ask(path, await logIn(), body, headers)).status, status);
    }));
}
