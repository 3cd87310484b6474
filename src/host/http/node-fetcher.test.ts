import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import type { Fetched, FetchRequest } from '#ports/fetcher';
import { fetcherContract } from '#ports/fetcher.contract';
import { FakeResolver } from '#testing/fake-resolver';
import { nodeFetcher } from './index.ts';

const name = 'mta-sts.example.com';
const pem = await makeSelfSigned({ names: [name], days: 1, now: Date.now() });
const otherName = await makeSelfSigned({ names: ['other.example'], days: 1, now: Date.now() });
const expired = await makeSelfSigned({ names: [name], days: 1, now: Date.now() - 10 * 86_400_000 });
const longMs = 10_000;

const resolver = new FakeResolver(
  { [name]: { A: ['127.0.0.1'] }, 'empty.example': { TXT: ['no address'] } },
  { failures: { 'broken.example': 'servfail' } },
);

interface Served extends AsyncDisposable {
  readonly port: number;
}

async function listening(server: Server): Promise<Served> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** HTTPS on a port of the system, whose connections end with it. */
async function serve(onRequest: RequestListener, { certPem: cert, keyPem: key } = pem): Promise<Served> {
  const server = createServer({ cert, key }, onRequest);
  const served = await listening(server);
  return {
    port: served.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await served[Symbol.asyncDispose]();
    },
  };
}

const fetcher = nodeFetcher({ resolver, trustedPem: [pem.certPem, otherName.certPem, expired.certPem] });

function get(port: number, more: Partial<FetchRequest> = {}): Promise<Fetched> {
  const url = `https://${name}:${port}/.well-known/mta-sts.txt`;
  return fetcher.fetch({ url, maxBytes: 100, timeoutMs: longMs, ...more });
}

function show(fetched: Fetched): string {
  if (fetched.kind === 'failed') return fetched.why;
  return `${fetched.status} ${fetched.contentType} ${new TextDecoder().decode(fetched.body)}`;
}

fetcherContract('nodeFetcher', async () => {
  const closed = await serve(() => assert.fail('nothing listens'));
  await closed[Symbol.asyncDispose]();
  const served = await serve((request, response) => {
    if (request.url === '/text') response.setHeader('Content-Type', 'text/plain').end('0123456789');
    else if (request.url === '/moved') response.writeHead(301, { Location: '/text' }).end();
    else if (request.url !== '/silent') response.writeHead(404).end();
  });
  const base = `https://${name}:${served.port}`;
  const urls = {
    text: `${base}/text`,
    missing: `${base}/missing`,
    moved: `${base}/moved`,
    silent: `${base}/silent`,
    nowhere: 'https://empty.example/',
    refused: `https://${name}:${closed.port}/`,
  };
  return { fetcher, urls, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
});

const rows: readonly (readonly [string, RequestListener, string])[] = [
  [
    'a text',
    (request, response) => response.setHeader('Content-Type', 'text/plain').end(`${request.method} ${request.url}`),
    '200 text/plain GET /.well-known/mta-sts.txt',
  ],
  ['no media type', (_, response) => response.end('x'), '200 null x'],
  ['another status', (_, response) => response.writeHead(404).end('no'), '404 null no'],
  [
    'a redirect, which is not followed (RFC 8461 §3.3)',
    (_, response) => response.writeHead(301, { Location: '/elsewhere' }).end(),
    '301 null ',
  ],
  ['more than wanted', (_, response) => response.end('a'.repeat(1_000_000)), `200 null ${'a'.repeat(100)}`],
  ['a body without end', (_, response) => void response.write('b'.repeat(100)), `200 null ${'b'.repeat(100)}`],
  ['a broken connection', (request) => request.socket.destroy(), 'connect'],
  [
    'a connection that breaks in the middle',
    (request, response) => {
      response.setHeader('Content-Length', 50);
      response.write('x', () => request.socket.destroy());
    },
    'connect',
  ],
  ['no HTTP', (request) => request.socket.end('220 mx.example ESMTP\r\n'), 'protocol'],
  [
    'an upgrade that nobody asked for',
    (request) => request.socket.end('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    'connect',
  ],
];

for (const [title, onRequest, want] of rows) {
  test(`nodeFetcher: ${title}`, async () => {
    await using served = await serve(onRequest);
    assert.equal(show(await get(served.port)), want);
  });
}

for (const [title, certificate, want] of [
  ['for another name', otherName, 'certificate'],
  ['out of date', expired, 'certificate'],
] as const) {
  test(`nodeFetcher: a certificate ${title} (RFC 8461 §3.3)`, async () => {
    await using served = await serve(() => assert.fail('asked all the same'), certificate);
    assert.equal(show(await get(served.port)), want);
  });
}

test('nodeFetcher: a certificate by nobody that we trust (RFC 8461 §3.3)', async () => {
  await using served = await serve(() => assert.fail('asked all the same'));
  const url = `https://${name}:${served.port}/`;
  const stranger = nodeFetcher({ resolver });
  assert.equal(show(await stranger.fetch({ url, maxBytes: 100, timeoutMs: longMs })), 'certificate');
});

test('nodeFetcher: a port that speaks no TLS', async () => {
  await using served = await listening(
    createTcpServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('hello\r\n'),
    ),
  );
  assert.equal(show(await get(served.port)), 'tls');
});

for (const [url, want] of [
  ['http://mta-sts.example.com/', 'protocol'],
  ['https://me:secret@mta-sts.example.com/', 'protocol'],
  ['nonsense', 'protocol'],
  ['https://broken.example/', 'name'],
  ['https://empty.example/', 'name'],
  ['https://nowhere.example/', 'name'],
] as const) {
  test(`nodeFetcher: ${url}`, async () => {
    assert.equal(show(await fetcher.fetch({ url, maxBytes: 100, timeoutMs: longMs })), want);
  });
}

test('nodeFetcher: nobody listens', async () => {
  const { port, ...served } = await serve(() => undefined);
  await served[Symbol.asyncDispose]();
  assert.equal(show(await get(port)), 'connect');
});

test('nodeFetcher: a server that never answers', async () => {
  await using served = await serve(() => undefined);
  assert.equal(show(await get(served.port, { timeoutMs: 50 })), 'timeout');
});

test('nodeFetcher: a signal before and during the request rejects with its reason', async () => {
  const abort = new AbortController();
  const reason = new Error('shutting down');
  await using served = await serve(() => abort.abort(reason));
  await assert.rejects(get(served.port, { signal: abort.signal }), reason);
  await assert.rejects(get(served.port, { signal: AbortSignal.abort(reason) }), reason);
});

test('nodeFetcher: POST sends its body and fields, and gives Retry-After', async () => {
  await using served = await serve((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
    request.on('end', () =>
      response.writeHead(429, { 'Retry-After': '7' }).end(`${request.method} ${request.headers.ttl as string} ${text}`),
    );
  });
  const post = { headers: { TTL: '60' }, body: new TextEncoder().encode('hello') };
  const fetched = await get(served.port, { post });
  assert.equal(show(fetched), '429 null POST 60 hello');
  assert.equal(fetched.kind === 'response' && fetched.retryAfter, '7');
});

test('nodeFetcher: only public addresses are reached where that is asked for, by names and as addresses', async () => {
  await using served = await serve((_, response) => response.end('secret'));
  assert.equal(show(await get(served.port, { onlyPublic: true })), 'name');
  for (const host of [
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '2130706433',
    '0x7f.1',
    'localhost',
    '169.254.169.254',
  ]) {
    const url = `https://${host}:${served.port}/`;
    const fetched = await fetcher.fetch({ url, maxBytes: 100, timeoutMs: longMs, onlyPublic: true });
    assert.equal(show(fetched), 'name', host);
  }
});

test('nodeFetcher: of the addresses of a name, the public ones are connected to', async () => {
  await using served = await serve((_, response) => response.end('x'));
  const mixed = new FakeResolver({ [name]: { A: ['10.0.0.1', '127.0.0.1'] } });
  const trustedPem = [pem.certPem];
  const one = nodeFetcher({ resolver: mixed, trustedPem, isPublic: (address) => address === '127.0.0.1' });
  const url = `https://${name}:${served.port}/`;
  assert.equal(show(await one.fetch({ url, maxBytes: 100, timeoutMs: longMs, onlyPublic: true })), '200 null x');
});
