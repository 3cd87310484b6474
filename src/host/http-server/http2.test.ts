import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import { httpWorld, passTime, socketTurn, type HttpWorld } from '#testing/http-world';
import type { HttpHandler } from './facts.ts';

const echo: HttpHandler = async (request) =>
  new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);

class Client implements Disposable {
  readonly session: ClientHttp2Session;
  isClosed = false;

  constructor(port: number) {
    this.session = connect(`https://localhost:${port}`, { rejectUnauthorized: false, lookup: toLoopback });
    this.session.on('error', () => undefined);
    this.session.once('close', () => (this.isClosed = true));
  }

  async ask(headers: OutgoingHttpHeaders, body?: string): Promise<{ status: number; base: unknown; text: string }> {
    const stream = this.session.request({ ':method': body === undefined ? 'GET' : 'POST', ...headers });
    stream.end(body);
    const [got] = (await once(stream, 'response')) as [Record<string, unknown>];
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
    return { status: Number(got[':status']), base: got['x-base'], text };
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

const toLoopback: LookupFunction = (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);

test('HTTP/2: requests at the same time, bodies, base headers, a log line each', async () => {
  await using w = await httpWorld(echo, { isTls: true });
  using client = new Client(w.port);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => client.ask({ ':path': `/${i}` }, `body ${i}`)),
  );
  assert.deepEqual(
    answers.map(({ text }) => text),
    Array.from({ length: 20 }, (_, i) => `POST /${i} body ${i}`),
  );
  assert.deepEqual([answers[0]?.status, answers[0]?.base], [200, 'yes']);
  const logged = w.log.events.filter(({ event }) => event === 'http.request');
  assert.deepEqual([logged.length, logged.filter(({ fields }) => fields['isCut'] === true)], [20, []]);
});

test('HTTP/2: a client without ALPN gets HTTP/1.1', async () => {
  await using w = await httpWorld(echo, { isTls: true });
  using client = new RawTlsClient(w.port, null);
  await once(client.socket, 'secureConnect');
  client.socket.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await client.ended;
  assert.match(client.text, /^HTTP\/1\.1 200 [^]*GET \/x/);
});

for (const [name, headers, status] of [
  ['a long target', { ':path': `/${'a'.repeat(300)}` }, 414],
  ['a bad host', { ':path': '/', ':authority': 'a:b:c' }, 400],
  ['TRACE', { ':path': '/', ':method': 'TRACE' }, 501],
] as const) {
  test(`HTTP/2: ${name} is refused with ${status}`, async () => {
    await using w = await httpWorld(echo, { isTls: true, limits: { maxTargetBytes: 200 } });
    using client = new Client(w.port);
    assert.equal((await client.ask(headers)).status, status);
  });
}

for (const [name, response, expected] of [
  ['without a body', () => new Response(null), [200, '']],
  ['with an empty body', () => new Response(''), [200, '']],
  ['with status 204', () => new Response(null, { status: 204 }), [204, '']],
  ['with status 304', () => new Response(null, { status: 304 }), [304, '']],
  ['with a body', () => new Response('text'), [200, 'text']],
] as const) {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST'] as const) {
    for (const endStream of [true, false]) {
      test(`HTTP/2: a response ${name} to ${endStream ? '' : 'an unfinished '}${method} arrives, and ends its stream`, async () => {
        await using w = await httpWorld(async () => response(), { isTls: true });
        using client = new Client(w.port);
        const stream = client.session.request({ ':method': method, ':path': '/' }, { endStream });
        let [status, text]: [unknown, string] = [null, ''];
        stream.once('response', (headers) => (status = headers[':status']));
        stream.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
        await once(stream, 'close');
        assert.deepEqual([status, text], method === 'HEAD' ? [expected[0], ''] : expected);
        assert.equal(stream.rstCode, 0);
      });
    }
  }
}

test('HTTP/2: a body over its limit is refused with 413, and others go on', async () => {
  await using w = await httpWorld(
    async (request, facts) => {
      facts.limitBody(1000);
      return new Response(await request.text());
    },
    { isTls: true },
  );
  using client = new Client(w.port);
  assert.equal((await client.ask({ ':path': '/' }, 'x'.repeat(100_000))).status, 413);
  assert.equal((await client.ask({ ':path': '/' }, 'short')).text, 'short');
});

test('HTTP/2: a client that resets a stream aborts the signal of its request', async () => {
  const [begun, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using w = await httpWorld(
    (_request, { signal }) => {
      begun.resolve();
      signal.addEventListener('abort', () => aborted.resolve());
      return new Promise(() => undefined);
    },
    { isTls: true },
  );
  using client = new Client(w.port);
  const stream = client.session.request({ ':path': '/' });
  stream.on('error', () => undefined);
  await begun.promise;
  stream.close(8);
  await aborted.promise;
});

test('HTTP/2: idle connections end, drained ones after their response', async () => {
  const answer = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using w = await httpWorld(
    async () => {
      begun.resolve();
      await answer.promise;
      return new Response('done');
    },
    { isTls: true, limits: { firstRequestMs: 5000 } },
  );
  using idle = new Client(w.port);
  await once(idle.session, 'connect');
  await passTime(w, () => idle.isClosed);
  using busy = new Client(w.port);
  const asked = busy.ask({ ':path': '/' });
  await begun.promise;
  w.server.drain();
  answer.resolve();
  assert.equal((await asked).text, 'done');
  await passTime(w, () => busy.isClosed);
});

/** A client that writes frames by hand. */
class RawTlsClient implements Disposable {
  readonly socket: TLSSocket;
  text = '';
  readonly ended: Promise<unknown>;

  constructor(port: number, protocol: string | null = 'h2') {
    this.socket = connectTls({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ...(protocol !== null && { ALPNProtocols: [protocol] }),
    });
    this.socket.setEncoding('latin1').on('data', (chunk) => (this.text += String(chunk)));
    this.socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Writes one frame (RFC 9113 §4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const types = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 };
const endStream = 1;
const endHeaders = 4;
const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(types.settings, 0, 0)]);
/** GET https / of host a, from the static table (RFC 7541 App. A). */
const get = Buffer.from([0x82, 0x87, 0x84, 0x41, 1, 0x61]);

/** Literal field of a name and a value, with incremental indexing (RFC 7541 §6.2.1); both under 127 bytes. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x40, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}

/** Attacks, and the event that says how the connection ended. */
const attacks: readonly (readonly [string, (i: number) => Buffer, readonly string[]])[] = [
  [
    'rapid reset',
    (i) =>
      Buffer.concat([
        frame(types.headers, endStream | endHeaders, 2 * i + 1, get),
        frame(types.reset, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8])),
      ]),
    ['http.flood'],
  ],
  ['settings flood', () => frame(types.settings, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0])), ['http.flood']],
  ['ping flood', () => frame(types.ping, 0, 0, Buffer.alloc(8)), ['http.flood']],
  [
    'CONTINUATION flood',
    (i) =>
      i === 0
        ? frame(types.headers, endStream, 1, get)
        : frame(types.continuation, 0, 1, literal(`x-${i}`, 'y'.repeat(100))),
    ['Too many CONTINUATION frames following a HEADER frame'],
  ],
  [
    'HPACK bomb',
    // One long field enters the table, then each byte of the block stands for all of it.
    (i) =>
      frame(
        types.headers,
        endStream | endHeaders,
        2 * i + 1,
        Buffer.concat([get, literal('x-bomb', 'y'.repeat(120)), Buffer.alloc(8000, 0xbe)]),
      ),
    // Node may end it by itself before the look that is taken each second.
    ['http.flood', 'Too many invalid HTTP/2 frames'],
  ],
  [
    'empty frames of data',
    (i) => (i === 0 ? frame(types.headers, endHeaders, 1, post) : frame(types.data, 0, 1)),
    ['Too many invalid HTTP/2 frames'],
  ],
];
const post = Buffer.from([0x83, 0x87, 0x84, 0x41, 1, 0x61]);

/** Sends an attack of at most `most` frames, and waits until the server has ended the connection. */
async function attack(w: HttpWorld, other: Client, make: (i: number) => Buffer, most: number): Promise<void> {
  using client = new RawTlsClient(w.port);
  await once(client.socket, 'secureConnect');
  client.socket.write(preface);
  for (let i = 0; i < most && !client.socket.destroyed; i += 20) {
    const isTaken = client.socket.write(Buffer.concat(Array.from({ length: 20 }, (_, j) => make(i + j))));
    // What this client would keep unsent is not the memory of the server.
    if (!isTaken) await Promise.race([new Promise((resolve) => client.socket.once('drain', resolve)), client.ended]);
    await socketTurn();
  }
  const over = new AbortController();
  void client.ended.then(() => over.abort());
  // Some floods are noticed by the look that is taken each second; what the others ask meanwhile lets the server read.
  for (let seconds = 0; seconds < 500 && !over.signal.aborted; seconds += 1) {
    await w.clock.advance(1000);
    await other.ask({ ':path': '/fine' });
  }
  assert.ok(over.signal.aborted, 'the connection goes on');
}

for (const [name, make, wanted] of attacks) {
  test(`HTTP/2: ${name} ends the connection, costs little, and others go on`, async () => {
    let underWay = 0;
    let mostUnderWay = 0;
    await using w = await httpWorld(
      async (request, { signal }) => {
        if (request.url.endsWith('/fine')) return new Response('fine');
        underWay += 1;
        mostUnderWay = Math.max(mostUnderWay, underWay);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await socketTurn();
        underWay -= 1;
        return new Response();
      },
      { isTls: true },
    );
    using other = new Client(w.port);
    assert.equal((await other.ask({ ':path': '/fine' })).text, 'fine');
    const before = process.memoryUsage().rss;
    await attack(w, other, make, 2_000);
    const ends = w.log.events.map(({ event, fields }) => (event === 'http.flood' ? event : fields['reason']));
    assert.ok(
      wanted.some((end) => ends.includes(end)),
      JSON.stringify(w.log.events.slice(-3)),
    );
    assert.ok(mostUnderWay <= 100, `${mostUnderWay} requests at once`);
    assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20, `${process.memoryUsage().rss - before} bytes`);
    assert.equal((await other.ask({ ':path': '/fine' })).text, 'fine');
  });
}
