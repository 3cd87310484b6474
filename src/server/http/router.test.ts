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
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    limitBody: () => undefined,
    noteAccount: () => undefined,
  };
}

const handler = router({
  areas: [
    {
      name: 'a',
      paths: ['/a', '/a/*'],
      maxBodyBytes: 10,
      handle: ({ method }) => Promise.resolve(plainAnswer(200, `a ${method}`)),
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
