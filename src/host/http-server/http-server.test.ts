import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { askHttp, httpWorld, passTime, RawHttpClient, socketTurn } from '#testing/http-world';
import type { HttpHandler } from './facts.ts';

const echo: HttpHandler = async (request) => new Response(`${request.method} ${request.url} ${await request.text()}`);

test('HttpServer: method, URL, body and headers go in, and a response with base headers comes out', async () => {
  await using w = await httpWorld(echo);
  const headers = { Host: 'mail.example.org:81' };
  const { status, headers: got, text } = await askHttp(w.port, { method: 'POST', path: '/a/b?c=d', headers }, 'hello');
  assert.deepEqual([status, text], [200, 'POST http://mail.example.org:81/a/b?c=d hello']);
  assert.equal(got['x-base'], 'yes');
  const event = w.log.events.find(({ event: name }) => name === 'http.request');
  assert.deepEqual(event?.fields, { method: 'POST', path: '/a/b', status: 200, bytes: text.length, ms: 0 });
});

test('HttpServer: a path with two slashes names no other host', async () => {
  await using w = await httpWorld(echo);
  const { text } = await askHttp(w.port, { path: '//other.example/x', headers: { Host: 'mail.example.org' } });
  assert.equal(text, 'GET http://mail.example.org//other.example/x ');
});

for (const [name, sent, want] of [
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 [^]*x-base: yes/i],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', /^HTTP\/1\.1 400 [^]*x-base: yes/i],
  ['junk', 'EHLO there\r\n\r\n', /^HTTP\/1\.1 400 Bad Request[^]*X-Base: yes/],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 501 /],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', /^HTTP\/1\.1 501 [^]*x-base: yes/i],
  [
    'CONNECT after a request',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n',
    /^HTTP\/1\.1 200 [^]*HTTP\/1\.1 501 /,
  ],
  ['a long target', `GET /${'a'.repeat(300)} HTTP/1.1\r\nHost: a\r\n\r\n`, /^HTTP\/1\.1 414 /],
  ['a long header', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(5000)}\r\n\r\n`, /^HTTP\/1\.1 431 [^]*X-Base: yes/],
  ['a second Host', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['many fields', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(30)}\r\n`, /^HTTP\/1\.1 431 /],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', /^HTTP\/1\.1 400 /],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
] as const) {
  test(`HttpServer: ${name} is refused`, async () => {
    await using w = await httpWorld(echo, {
      limits: { maxTargetBytes: 200, maxHeaderBytes: 4096, maxHeaderFields: 20 },
    });
    using client = new RawHttpClient(w.port);
    client.socket.write(sent);
    await client.until(want);
  });
}

test('HttpServer: a body over its limit gets 413, whatever the handler does with it, and the connection ends', async () => {
  await using w = await httpWorld(async (request, facts) => {
    facts.limitBody(1000);
    await request.text().catch(() => undefined);
    return new Response('taken');
  });
  using client = new RawHttpClient(w.port);
  client.socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let i = 0; i < 20; i += 1) client.socket.write(`400\r\n${'x'.repeat(1024)}\r\n`);
  await client.until(/^HTTP\/1\.1 413 [^]*connection: close/i);
  await client.ended;
});

test('HttpServer: a handler that fails is a 500 and an error in the log', async () => {
  await using w = await httpWorld(() => Promise.reject(new Error('broken')));
  assert.equal((await askHttp(w.port)).status, 500);
  assert.deepEqual(
    w.log.ofLevel('error').map(({ event }) => event),
    ['http.failed'],
  );
});

test('HttpServer: responses to pipelined requests come in order', async () => {
  const first = Promise.withResolvers<void>();
  await using w = await httpWorld(async (request) => {
    if (request.url.endsWith('/1')) await first.promise;
    return new Response(`<${new URL(request.url).pathname}>`);
  });
  using client = new RawHttpClient(w.port);
  client.socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
  await socketTurn();
  first.resolve();
  await client.until(/<\/1>[^]*<\/2>/);
});

test('HttpServer: too many pipelined requests end the connection', async () => {
  await using w = await httpWorld(() => new Promise(() => undefined), { limits: { maxPipelined: 4 } });
  using client = new RawHttpClient(w.port);
  client.socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10));
  await client.ended;
  assert.equal(client.text, '');
});

test('HttpServer: 100 Continue is sent when the handler reads, not before', async () => {
  await using w = await httpWorld(async (request) =>
    request.url.endsWith('/no') ? new Response('no', { status: 403 }) : new Response(await request.text()),
  );
  const head = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
  using refused = new RawHttpClient(w.port);
  refused.socket.write(head('/no'));
  await refused.ended;
  assert.match(refused.text, /^HTTP\/1\.1 403 /);
  using taken = new RawHttpClient(w.port);
  taken.socket.write(head('/yes'));
  await taken.until(/^HTTP\/1\.1 100 /);
  taken.socket.write('ok');
  await taken.until(/200 OK[^]*ok/);
});

for (const [name, sent, limit, answer] of [
  ['no request', '', { firstRequestMs: 5000 }, /^$/],
  ['half a header', 'GET / HTTP/1.1\r\nHo', { headersMs: 5000 }, /^HTTP\/1\.1 408 /],
  ['half a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc', { graceMs: 5000 }, /^HTTP\/1\.1 408 /],
  ['no second request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', { keepAliveMs: 5000 }, /^HTTP\/1\.1 200 /],
] as const) {
  test(`HttpServer: a client that sends ${name} is waited for no longer than its limit`, async () => {
    await using w = await httpWorld(echo, { limits: limit });
    using client = new RawHttpClient(w.port);
    await once(client.socket, 'connect');
    client.socket.write(sent);
    if (name === 'no second request') await client.until(/200 OK/);
    else for (let i = 0; i < 20; i += 1) await socketTurn();
    const seconds = await passTime(w, () => client.socket.destroyed);
    assert.ok(seconds >= 5 && seconds < 12, `${seconds} s`);
    assert.match(client.text, answer);
  });
}

test('HttpServer: a client that does not read holds a bounded number of bytes, and is cut off', async () => {
  let made = 0;
  let wasCancelled = false;
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      pull: (controller) => {
        made += 1;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel: () => void (wasCancelled = true),
    });
  await using w = await httpWorld(() => Promise.resolve(new Response(body())), {
    limits: { graceMs: 5000, minBytesPerSecond: 2 ** 30 },
  });
  using client = new RawHttpClient(w.port);
  client.socket.pause();
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await passTime(w, () => wasCancelled);
  // What the kernel takes on loopback is some MB.
  assert.ok(made < 200, `${made}`);
  assert.equal(w.log.events.filter(({ event }) => event === 'http.slowReader').length, 1);
});

test('HttpServer: a client that leaves aborts the signal of its request', async () => {
  const aborted = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using w = await httpWorld((_request, { signal }) => {
    begun.resolve();
    signal.addEventListener('abort', () => aborted.resolve());
    return new Promise(() => undefined);
  });
  using client = new RawHttpClient(w.port);
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await begun.promise;
  client.socket.destroy();
  await aborted.promise;
});

test('HttpServer.drain: idle connections end at once, the others after their response', async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await using w = await httpWorld(async () => {
    begun.resolve();
    await answer.promise;
    return new Response('done');
  });
  using idle = new RawHttpClient(w.port);
  using busy = new RawHttpClient(w.port);
  await once(idle.socket, 'connect');
  busy.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await begun.promise;
  w.server.drain();
  await idle.ended;
  answer.resolve();
  await busy.ended;
  assert.match(busy.text, /connection: close[^]*done/i);
});

for (const name of ['the client has left', 'the request was refused']) {
  test(`HttpServer: the body of a response that comes when ${name} is cancelled`, async () => {
    const cancelled = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using w = await httpWorld(async (request, facts) => {
      facts.limitBody(10);
      begun.resolve();
      if (name === 'the client has left')
        await new Promise((resolve) => facts.signal.addEventListener('abort', resolve));
      else {
        await request.text().catch(() => undefined);
        await ended.promise;
      }
      return new Response(new ReadableStream({ cancel: () => cancelled.resolve() }));
    });
    using client = new RawHttpClient(w.port);
    if (name === 'the client has left') {
      client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await begun.promise;
      client.socket.destroy();
    } else {
      client.socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n${'x'.repeat(20)}`);
      await client.until(/^HTTP\/1\.1 413 /);
      ended.resolve();
    }
    await cancelled.promise;
  });
}
