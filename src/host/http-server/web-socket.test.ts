import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { httpWorld, passTime, RawHttpClient, type HttpWorld, type HttpWorldOptions } from '#testing/http-world';
import type { WebSocketPeer } from './web-socket-peer.ts';

/** Opens a server that serves WebSockets at every path but `/no`. */
function socketWorld(
  serve: (peer: WebSocketPeer) => Promise<void>,
  limits: NonNullable<HttpWorldOptions['limits']> = {},
): Promise<HttpWorld> {
  return httpWorld(
    (request, { upgrade }) =>
      Promise.resolve(
        upgrade === null || request.url.endsWith('/no')
          ? new Response('no', { status: 403 })
          : upgrade({ protocol: 'jmap', serve }),
      ),
    { limits },
  );
}

async function echo(peer: WebSocketPeer): Promise<void> {
  for (let text = await peer.receive(); text !== null; text = await peer.receive()) await peer.send(`<${text}>`);
}

async function opened(port: number): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, ['jmap']);
  await once(client, 'open');
  return client;
}

test('WebSocket: messages in order, the subprotocol, a line in the log', async () => {
  await using w = await socketWorld(echo);
  const client = await opened(w.port);
  assert.equal(client.protocol, 'jmap');
  const got: string[] = [];
  client.on('message', (data: Buffer) => got.push(data.toString()));
  for (let i = 0; i < 100; i += 1) client.send(`${i}`);
  while (got.length < 100) await once(client, 'message');
  assert.deepEqual(
    got,
    Array.from({ length: 100 }, (_, i) => `<${i}>`),
  );
  client.close();
  await once(client, 'close');
  assert.equal(w.log.events.find(({ event }) => event === 'http.request')?.fields['status'], 101);
});

test('WebSocket: a refusal is a response with base headers', async () => {
  await using w = await socketWorld(echo);
  const client = new WebSocket(`ws://127.0.0.1:${w.port}/no`);
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [
    unknown,
    { statusCode: number; headers: object },
  ];
  assert.equal(response.statusCode, 403);
  assert.equal(new Map(Object.entries(response.headers)).get('x-base'), 'yes');
  client.terminate();
});

test('WebSocket: a handshake without a proper key is no WebSocket for the handler', async () => {
  await using w = await socketWorld(echo);
  using client = new RawHttpClient(w.port);
  client.socket.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n',
  );
  await client.until(/^HTTP\/1\.1 403 /);
  await client.ended;
});

test('WebSocket: other upgrades are ignored', async () => {
  await using w = await httpWorld(() => Promise.resolve(new Response('plain')));
  using client = new RawHttpClient(w.port);
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n');
  await client.until(/^HTTP\/1\.1 200 [^]*plain/);
});

for (const [name, send, code] of [
  ['binary', (client: WebSocket) => client.send(Buffer.from('x')), 1003],
  ['too long', (client: WebSocket) => client.send('x'.repeat(2000)), 1009],
  ['that breaks the server', (client: WebSocket) => client.send('break'), 1011],
] as const) {
  test(`WebSocket: a message ${name} ends the connection with ${code}`, async () => {
    await using w = await socketWorld(
      async (peer) => {
        if ((await peer.receive()) === 'break') throw new Error('broken');
        await peer.receive();
      },
      { maxWebSocketMessageBytes: 1000 },
    );
    const client = await opened(w.port);
    client.on('error', () => undefined);
    send(client);
    assert.equal(((await once(client, 'close')) as [number])[0], code);
    assert.equal(w.log.ofLevel('error').length, code === 1011 ? 1 : 0);
  });
}

test('WebSocket: a server that stops ends connections with 1001', async () => {
  await using w = await socketWorld(echo);
  const client = await opened(w.port);
  w.server.drain();
  assert.equal(((await once(client, 'close')) as [number])[0], 1001);
});

test('WebSocket: a client that does not read holds a bounded number of bytes, and is cut off', async () => {
  let sent = 0;
  const left = Promise.withResolvers<void>();
  await using w = await socketWorld(
    async (peer) => {
      peer.signal.addEventListener('abort', () => left.resolve());
      for (;;) {
        await peer.send('x'.repeat(64 * 1024));
        sent += 1;
      }
    },
    { graceMs: 5000, minBytesPerSecond: 2 ** 30 },
  );
  const client = await opened(w.port);
  client.pause();
  let isCut = false;
  void left.promise.then(() => (isCut = true));
  await passTime(w, () => isCut);
  assert.ok(sent < 400, `${sent}`);
  client.terminate();
  assert.deepEqual(w.log.ofLevel('error'), []);
});

test('WebSocket: messages that the server does not fetch throttle the client', async () => {
  const go = Promise.withResolvers<void>();
  let fetched = 0;
  await using w = await socketWorld(async (peer) => {
    await go.promise;
    while ((await peer.receive()) !== null) fetched += 1;
  });
  const client = await opened(w.port);
  for (let i = 0; i < 2000; i += 1) client.send('x'.repeat(64 * 1024));
  await passTime(w, () => client.bufferedAmount > 2 ** 20).catch(() => undefined);
  // The rest is still here, not in the server.
  assert.ok(client.bufferedAmount > 2 ** 20, `${client.bufferedAmount}`);
  go.resolve();
  client.close();
  await once(client, 'close');
  assert.equal(fetched, 2000);
});

test('WebSocket: a silent client is asked, and cut off when it does not answer', async () => {
  await using w = await socketWorld(echo, { webSocketPingMs: 5000 });
  const client = await opened(w.port);
  let pings = 0;
  client.on('ping', () => (pings += 1));
  await passTime(w, () => pings === 2);
  const dumb = new WebSocket(`ws://127.0.0.1:${w.port}/`, { autoPong: false });
  await once(dumb, 'open');
  let isClosed = false;
  dumb.on('close', () => (isClosed = true));
  await passTime(w, () => isClosed);
  assert.equal(client.readyState, WebSocket.OPEN);
  client.terminate();
});
