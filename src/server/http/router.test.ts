import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from '#host/http-server';
import { FakeLog } from '#testing/fake-log';
import { plainAnswer } from './plain-answer.ts';
import { router } from './router.ts';

function factsOn(localAddress: string): RequestFacts {
  return {
    log: new FakeLog(),
    remote: { address: '192.0.2.1', port: 5 },
    local: { address: localAddress, port: 80 },
    isTls: false,
    tls: null,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    limitBody: () => undefined,
    upgrade: null,
    noteAccount: () => undefined,
    noteClient: () => undefined,
  };
}

const handler = router({
  areas: [
    {
      name: 'a',
      paths: ['/a', '/a/*'],
      maxBodyBytes: 10,
      handle: ({ method }) => Promise.resolve(plainAnswer(200, `a ${method}`, { Vary: 'Accept-Language' })),
    },
    { name: 'b', paths: ['/b'], maxBodyBytes: 0, handle: () => Promise.reject(new Error('broken')) },
  ],
  hosts: ['mail.example.org'],
  isHost: (name) => name === 'web_1',
  allowedOrigins: ['https://webmail.example'],
});

function ask(url: string, init: RequestInit = {}, localAddress = '192.0.2.9'): Promise<Response> {
  return handler(new Request(url, init), factsOn(localAddress));
}

for (const [url, localAddress, status] of [
  ['http://mail.example.org/a', '192.0.2.9', 200],
  ['http://MAIL.example.org.:8080/a/b', '192.0.2.9', 200],
  ['http://192.0.2.9/a', '192.0.2.9', 200],
  ['http://[2001:db8::9]/a', '2001:db8:0:0::9', 200],
  ['http://192.0.2.8/a', '192.0.2.9', 421],
  ['http://rebound.example/a', '127.0.0.1', 421],
  ['http://localhost/a', '127.0.0.1', 200],
  ['http://godwit.localhost/a', '::1', 200],
  ['http://localhost/a', '192.0.2.9', 421],
  ['http://WEB_1:8025/a', '172.17.0.2', 200],
  ['http://mail.example.org/ab', '192.0.2.9', 404],
] as const) {
  test(`router: ${url} on ${localAddress} is answered with ${status}`, async () => {
    assert.equal((await ask(url, {}, localAddress)).status, status);
  });
}

const own = 'http://mail.example.org';
for (const [method, headers, status] of [
  ['GET', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }, 200],
  ['POST', {}, 200],
  ['POST', { Origin: own }, 200],
  ['POST', { Origin: own, 'Sec-Fetch-Site': 'same-origin' }, 200],
  ['POST', { Origin: 'https://webmail.example', 'Sec-Fetch-Site': 'cross-site' }, 200],
  ['POST', { Origin: 'https://evil.example' }, 403],
  ['POST', { Origin: 'null' }, 403],
  ['POST', { Origin: `${own}:81` }, 403],
  ['POST', { 'Sec-Fetch-Site': 'same-site' }, 403],
  ['DELETE', { 'Sec-Fetch-Site': 'cross-site' }, 403],
  ['GET', { Upgrade: 'websocket', Origin: 'https://evil.example' }, 403],
  ['GET', { Upgrade: 'websocket', Origin: own }, 200],
] as const) {
  test(`router: ${method} with ${JSON.stringify(headers)} is answered with ${status}`, async () => {
    assert.equal((await ask(`${own}/a`, { method, headers })).status, status);
  });
}

test('router: a body that is declared too long is refused before it is read', async () => {
  const headers = { 'Content-Length': '11' };
  assert.equal((await ask(`${own}/a`, { method: 'POST', headers })).status, 413);
});

test('router: the error of an area goes to the server', async () => {
  await assert.rejects(ask(`${own}/b`), /broken/);
});

const allowed = { Origin: 'https://webmail.example' };

test('router: the preflight of an allowed origin is answered without a login, and its pages may read', async () => {
  const asked = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' };
  const preflight = await ask(`${own}/b`, { method: 'OPTIONS', headers: { ...allowed, ...asked } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('Access-Control-Allow-Origin'), 'https://webmail.example');
  assert.match(preflight.headers.get('Access-Control-Allow-Methods') ?? '', /\bGET\b.*\bPOST\b/);
  assert.match(preflight.headers.get('Access-Control-Allow-Headers') ?? '', /\bAuthorization, Content-Type\b/);
  assert.equal(preflight.headers.get('Vary'), 'Origin');
  const answer = await ask(`${own}/a`, { method: 'POST', headers: allowed });
  assert.equal(answer.headers.get('Access-Control-Allow-Origin'), 'https://webmail.example');
  assert.equal(answer.headers.get('Access-Control-Allow-Credentials'), null);
  assert.equal(answer.headers.get('Vary'), 'Accept-Language, Origin');
});

for (const headers of [{}, { Origin: 'https://evil.example' }, { Origin: 'null' }] as const) {
  test(`router: ${JSON.stringify(headers)} gets no CORS, but the mark that others do`, async () => {
    const asked = { 'Access-Control-Request-Method': 'POST' };
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await ask(`${own}/a`, { method, headers: { ...headers, ...asked } });
      assert.deepEqual([answer.status, await answer.text()], [200, `a ${method}\n`]);
      assert.equal(answer.headers.get('Access-Control-Allow-Origin'), null);
      assert.match(answer.headers.get('Vary') ?? '', /\bOrigin\b/);
    }
  });
}

test('router: without allowed origins there is no CORS at all', async () => {
  const closed = router({ areas: [], hosts: ['mail.example.org'], isHost: () => false, allowedOrigins: [] });
  const answer = await closed(new Request(`${own}/`, { headers: allowed }), factsOn('192.0.2.9'));
  assert.deepEqual([answer.headers.get('Access-Control-Allow-Origin'), answer.headers.get('Vary')], [null, null]);
});

test('router: a preflight for a foreign name is refused like every request', async () => {
  const headers = { ...allowed, 'Access-Control-Request-Method': 'POST' };
  assert.equal((await ask('http://rebound.example/a', { method: 'OPTIONS', headers })).status, 421);
});
