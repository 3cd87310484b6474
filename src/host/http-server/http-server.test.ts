import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { listen } from '#host/net';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import type { HttpHandler } from './facts.ts';
import { HttpServer } from './http-server.ts';
import type { HttpLimits } from './limits.ts';

interface World extends AsyncDisposable {
  readonly port: number;
  readonly log: FakeLog;
  readonly clock: FakeClock;
  readonly server: HttpServer;
}

async function world(handler: HttpHandler, limits: Partial<HttpLimits> = {}): Promise<World> {
  const [log, clock] = [new FakeLog(), new FakeClock()];
  const server = new HttpServer({ handler, clock, headers: [['X-Base', 'yes']], limits });
  const onConnection = (channel: Parameters<HttpServer['serve']>[0]): Promise<void> => server.serve(channel, log);
  const listener = await listen({ address: '127.0.0.1', port: 0, onConnection, log });
  return { port: listener.port, log, clock, server, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function ask(port: number, options: RequestOptions = {}, body?: string): Promise<Answer> {
  const request = httpRequest({ host: '127.0.0.1', port, agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** A client that writes bytes by hand. */
class RawClient implements Disposable {
  readonly socket: Socket;
  text = '';
  readonly ended: Promise<unknown>;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false });
    this.socket.setEncoding('latin1').on('data', (chunk) => (this.text += String(chunk)));
    this.socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
  }

  /** Waits until the server has sent `pattern`. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await once(this.socket, 'data');
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Resolves after the sockets of this process were served. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Advances the clock a second at a time until `until` holds. */
async function pass({ clock }: World, until: () => boolean): Promise<number> {
  for (let seconds = 0; seconds < 500; seconds += 1) {
    if (until()) return seconds;
    await clock.advance(1000);
    for (let i = 0; i < 5; i += 1) await turn();
  }
  return assert.fail('nothing happened');
}

const echo: HttpHandler = async (request) => new Response(`${request.method} ${request.url} ${await request.text()}`);

test('HttpServer: method, URL, body and headers go in, and a response with base headers comes out', async () => {
  await using w = await world(echo);
  const headers = { Host: 'mail.example.org:81' };
  const { status, headers: got, text } = await ask(w.port, { method: 'POST', path: '/a/b?c=d', headers }, 'hello');
  assert.deepEqual([status, text], [200, 'POST http://mail.example.org:81/a/b?c=d hello']);
  assert.equal(got['x-base'], 'yes');
  const event = w.log.events.find(({ event: name }) => name === 'http.request');
  assert.deepEqual(event?.fields, { method: 'POST', path: '/a/b', status: 200, bytes: text.length, ms: 0 });
});

test('HttpServer: a path with two slashes names no other host', async () => {
  await using w = await world(echo);
  const { text } = await ask(w.port, { path: '//other.example/x', headers: { Host: 'mail.example.org' } });
  assert.equal(text, 'GET http://mail.example.org//other.example/x ');
});

for (const [name, sent, want] of [
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 [^]*x-base: yes/i],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', /^HTTP\/1\.1 400 [^]*x-base: yes/i],
  ['junk', 'EHLO there\r\n\r\n', /^HTTP\/1\.1 400 Bad Request[^]*X-Base: yes/],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 501 /],
  ['a long target', `GET /${'a'.repeat(300)} HTTP/1.1\r\nHost: a\r\n\r\n`, /^HTTP\/1\.1 414 /],
  ['a long header', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(5000)}\r\n\r\n`, /^HTTP\/1\.1 431 [^]*X-Base: yes/],
  ['many fields', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(30)}\r\n`, /^HTTP\/1\.1 431 /],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', /^HTTP\/1\.1 400 /],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
] as const) {
  test(`HttpServer: ${name} is refused`, async () => {
    await using w = await world(echo, { maxTargetBytes: 200, maxHeaderBytes: 4096, maxHeaderFields: 20 });
    using client = new RawClient(w.port);
    client.socket.write(sent);
    await client.until(want);
  });
}

test('HttpServer: a body over its limit gets 413, whatever the handler does with it, and the connection ends', async () => {
  await using w = await world(async (request, facts) => {
    facts.limitBody(1000);
    await request.text().catch(() => undefined);
    return new Response('taken');
  });
  using client = new RawClient(w.port);
  client.socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let i = 0; i < 20; i += 1) client.socket.write(`400\r\n${'x'.repeat(1024)}\r\n`);
  await client.until(/^HTTP\/1\.1 413 [^]*connection: close/i);
  await client.ended;
});

test('HttpServer: a handler that fails is a 500 and an error in the log', async () => {
  await using w = await world(() => Promise.reject(new Error('broken')));
  assert.equal((await ask(w.port)).status, 500);
  assert.deepEqual(
    w.log.ofLevel('error').map(({ event }) => event),
    ['http.failed'],
  );
});

test('HttpServer: responses to pipelined requests come in order', async () => {
  const first = Promise.withResolvers<void>();
  await using w = await world(async (request) => {
    if (request.url.endsWith('/1')) await first.promise;
    return new Response(`<${new URL(request.url).pathname}>`);
  });
  using client = new RawClient(w.port);
  client.socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
  await turn();
  first.resolve();
  await client.until(/<\/1>[^]*<\/2>/);
});

test('HttpServer: too many pipelined requests end the connection', async () => {
  await using w = await world(() => new Promise(() => undefined), { maxPipelined: 4 });
  using client = new RawClient(w.port);
  client.socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10));
  await client.ended;
  assert.equal(client.text, '');
});

test('HttpServer: 100 Continue is sent when the handler reads, not before', async () => {
  await using w = await world(async (request) =>
    request.url.endsWith('/no') ? new Response('no', { status: 403 }) : new Response(await request.text()),
  );
  const head = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
  using refused = new RawClient(w.port);
  refused.socket.write(head('/no'));
  await refused.ended;
  assert.match(refused.text, /^HTTP\/1\.1 403 /);
  using taken = new RawClient(w.port);
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
    await using w = await world(echo, limit);
    using client = new RawClient(w.port);
    await once(client.socket, 'connect');
    client.socket.write(sent);
    if (name === 'no second request') await client.until(/200 OK/);
    else for (let i = 0; i < 20; i += 1) await turn();
    const seconds = await pass(w, () => client.socket.destroyed);
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
  await using w = await world(() => Promise.resolve(new Response(body())), {
    graceMs: 5000,
    minBytesPerSecond: 2 ** 30,
  });
  using client = new RawClient(w.port);
  client.socket.pause();
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await pass(w, () => wasCancelled);
  // What the kernel takes on loopback is some MB.
  assert.ok(made < 200, `${made}`);
  assert.equal(w.log.events.filter(({ event }) => event === 'http.slowReader').length, 1);
});

test('HttpServer: a client that leaves aborts the signal of its request', async () => {
  const aborted = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using w = await world((_request, { signal }) => {
    begun.resolve();
    signal.addEventListener('abort', () => aborted.resolve());
    return new Promise(() => undefined);
  });
  using client = new RawClient(w.port);
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await begun.promise;
  client.socket.destroy();
  await aborted.promise;
});

test('HttpServer.drain: idle connections end at once, the others after their response', async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await using w = await world(async () => {
    begun.resolve();
    await answer.promise;
    return new Response('done');
  });
  using idle = new RawClient(w.port);
  using busy = new RawClient(w.port);
  await once(idle.socket, 'connect');
  busy.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await begun.promise;
  w.server.drain();
  await idle.ended;
  answer.resolve();
  await busy.ended;
  assert.match(busy.text, /connection: close[^]*done/i);
});
