import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from '#host/http-server';
import { FakeLog } from '#testing/fake-log';
import type { ForwardingOptions } from './forwarding.ts';
import { plainAnswer } from './plain-answer.ts';
import { router } from './router.ts';

const own = 'http://mail.example.org';

/** Sends a request that comes from `peer`, and returns what the area saw of it: client, URL and body. */
async function ask(
  peer: string,
  headers: Readonly<Record<string, string>>,
  { header = 'x-forwarded', method = 'GET' }: { header?: ForwardingOptions['header']; method?: string } = {},
) {
  const handler = router({
    areas: [
      {
        name: 'a',
        paths: ['/*'],
        maxBodyBytes: 100,
        handle: async (request, { remote, isTls }) =>
          plainAnswer(
            200,
            `${remote.address} ${isTls ? 'TLS' : 'plain'} ${request.url} ${await request.text()}`.trim(),
          ),
      },
    ],
    hosts: ['mail.example.org', 'localhost'],
    isHost: () => false,
    allowedOrigins: [],
    forwarding: { from: ['10.0.0.0/24', '2001:db8::/64'], header },
  });
  const clients: string[] = [];
  const facts: RequestFacts = {
    log: new FakeLog(),
    remote: { address: peer, port: 5 },
    local: { address: '10.0.0.9', port: 80 },
    isTls: false,
    tls: null,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    limitBody: () => undefined,
    upgrade: null,
    noteAccount: () => undefined,
    noteClient: (address) => void clients.push(address),
  };
  const body = method === 'POST' ? 'hello' : null;
  const response = await handler(new Request(`${own}/p?q=1`, { method, headers, body }), facts);
  const text = (await response.text()).trim();
  return { status: response.status, text, hsts: response.headers.get('Strict-Transport-Security'), clients };
}

const plain = `plain ${own}/p?q=1`;
const tls = 'TLS https://mail.example.org/p?q=1';

for (const [what, peer, headers, want] of [
  [
    'a client writes them itself',
    '203.0.113.5',
    { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Proto': 'https' },
    `203.0.113.5 ${plain}`,
  ],
  ['a client names another host', '203.0.113.5', { 'X-Forwarded-Host': 'localhost' }, `203.0.113.5 ${plain}`],
  ['malformed ones of a client', '203.0.113.5', { 'X-Forwarded-For': '"' }, `203.0.113.5 ${plain}`],
  ['a proxy', '10.0.0.1', { 'X-Forwarded-For': '203.0.113.5', 'X-Forwarded-Proto': 'https' }, `203.0.113.5 ${tls}`],
  ['a proxy over IPv6', '2001:db8::7', { 'X-Forwarded-For': '203.0.113.5' }, `203.0.113.5 ${plain}`],
  [
    'the client forged before the proxy',
    '10.0.0.1',
    { 'X-Forwarded-For': '127.0.0.1, 203.0.113.5' },
    `203.0.113.5 ${plain}`,
  ],
  [
    'the client claims to be a proxy',
    '10.0.0.1',
    { 'X-Forwarded-For': '127.0.0.1, 10.0.0.77, 203.0.113.5' },
    `203.0.113.5 ${plain}`,
  ],
  [
    'two proxies',
    '10.0.0.1',
    { 'X-Forwarded-For': '203.0.113.5, 10.0.0.2', 'X-Forwarded-Proto': 'https, http' },
    `203.0.113.5 ${tls}`,
  ],
  [
    'a forged scheme before that of the proxy',
    '10.0.0.1',
    { 'X-Forwarded-For': '203.0.113.5', 'X-Forwarded-Proto': 'https, http' },
    `203.0.113.5 ${plain}`,
  ],
  ['the proxy itself', '10.0.0.1', {}, `10.0.0.1 ${plain}`],
  [
    'a client that the proxy does not name',
    '10.0.0.1',
    { 'X-Forwarded-For': 'unknown', 'X-Forwarded-Proto': 'https' },
    `10.0.0.1 ${tls}`,
  ],
  ['the other field', '10.0.0.1', { Forwarded: 'for=127.0.0.1;proto=https' }, `10.0.0.1 ${plain}`],
] as const) {
  test(`Forwarding: ${what}: ${want}`, async () => {
    const { status, text, hsts, clients } = await ask(peer, headers);
    // The access log names the client of what a proxy forwarded.
    const isForwarded = peer !== '203.0.113.5' && want !== `10.0.0.1 ${plain}`;
    assert.deepEqual(clients, isForwarded ? [want.split(' ')[0]] : []);
    assert.deepEqual([status, text], [200, want]);
    assert.equal(hsts !== null, want.includes(' TLS '));
  });
}

test('Forwarding: the field Forwarded, and not the others, where that is configured', async () => {
  const headers = { Forwarded: 'for=203.0.113.5;proto=https', 'X-Forwarded-For': '127.0.0.1' };
  assert.equal((await ask('10.0.0.1', headers, { header: 'forwarded' })).text, `203.0.113.5 ${tls}`);
  const others = { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Proto': 'https' };
  assert.equal((await ask('10.0.0.1', others, { header: 'forwarded' })).text, `10.0.0.1 ${plain}`);
});

test('Forwarding: what a proxy garbled is refused, as is a host that is not ours', async () => {
  assert.equal((await ask('10.0.0.1', { 'X-Forwarded-For': 'x' })).status, 400);
  assert.equal((await ask('10.0.0.1', { 'X-Forwarded-Host': 'a/../b' })).status, 400);
  assert.equal((await ask('10.0.0.1', { Forwarded: 'for=' }, { header: 'forwarded' })).status, 400);
  assert.equal((await ask('10.0.0.1', { 'X-Forwarded-Host': 'evil.example' })).status, 421);
});

test('Forwarding: a body goes on, and its page is of the origin that the browser saw', async () => {
  const proxied = { 'X-Forwarded-For': '203.0.113.5', 'X-Forwarded-Proto': 'https' };
  const right = { ...proxied, Origin: 'https://mail.example.org' };
  assert.equal((await ask('10.0.0.1', right, { method: 'POST' })).text, `203.0.113.5 ${tls} hello`);
  assert.equal((await ask('10.0.0.1', { ...proxied, Origin: own }, { method: 'POST' })).status, 403);
});

test('Forwarding: browsers do not remember HTTPS for localhost', async () => {
  const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'localhost' };
  assert.equal((await ask('10.0.0.1', headers)).hsts, null);
});
