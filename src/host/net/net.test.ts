import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect, Socket } from 'node:net';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { channelContract } from '#ports/channel.contract';
import { ChannelClosed, ChannelTimeout, type Channel } from '#ports/channel';
import { DialFailed } from '#ports/dialer';
import { dialerContract } from '#ports/dialer.contract';
import { FakeLog } from '#testing/fake-log';
import { listen, nodeDialer, tlsContext, type Listener } from './index.ts';
import type { ListenOptions } from './listener.ts';

const text = new TextEncoder();
const untext = new TextDecoder();
const second = 1000;
const pem = await makeSelfSigned({ names: ['localhost'], ips: ['127.0.0.1'], days: 1, now: Date.now() });
const mx = await makeSelfSigned({ names: ['mx.example'], days: 1, now: Date.now() });
const other = await makeSelfSigned({ names: ['other.example'], days: 1, now: Date.now() });
const context = tlsContext(pem);
const tls = { contextFor: () => context };

interface Pair extends AsyncDisposable {
  readonly listener: Listener;
  readonly log: FakeLog;
  readonly server: Channel;
  readonly client: Channel;
}

/** A connected pair of channels, both driven by the test. */
async function pair(options: Partial<ListenOptions> = {}): Promise<Pair> {
  const log = new FakeLog();
  const accepted = Promise.withResolvers<Channel>();
  const done = Promise.withResolvers<void>();
  const onConnection = (channel: Channel): Promise<void> => {
    accepted.resolve(channel);
    return done.promise;
  };
  const listener = await listen({
    address: '127.0.0.1',
    port: 0,
    log,
    onConnection,
    limits: { lingerMs: 50 },
    ...options,
  });
  const client = await nodeDialer({ trustedPem: [pem.certPem], limits: { lingerMs: 50 } }).dial({
    address: '127.0.0.1',
    port: listener.port,
    timeoutMs: 5 * second,
    ...(options.immediateTls === true ? { tls: { serverName: 'localhost', verify: 'require' } } : {}),
  });
  return {
    listener,
    log,
    client,
    server: await accepted.promise,
    async [Symbol.asyncDispose]() {
      done.resolve();
      client.destroy();
      await listener[Symbol.asyncDispose]();
    },
  };
}

async function readAll(channel: Channel, count: number): Promise<Uint8Array> {
  const all = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const bytes = await channel.read(5 * second);
    if (bytes === null) return all.subarray(0, at);
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}

async function say(channel: Channel, words: string): Promise<void> {
  await channel.write(text.encode(words));
}

async function hear(channel: Channel, count: number): Promise<string> {
  return untext.decode(await readAll(channel, count));
}

channelContract('SocketChannel', async () => ({
  ...(await pair({ tls })),
  tls: { serverName: 'localhost', verify: 'require' },
}));
channelContract('SocketChannel with TLS from the first byte', () => pair({ tls, immediateTls: true }));

dialerContract('nodeDialer', async () => {
  const greet = async (channel: Channel): Promise<void> => {
    await say(channel, '220 ready\r\n');
    await channel.read(5 * second).catch(() => null);
  };
  const options = { address: '127.0.0.1', port: 0, log: new FakeLog(), onConnection: greet, limits: { lingerMs: 50 } };
  const [forMx, notForMx] = [tlsContext(mx), tlsContext(other)];
  const listeners = await Promise.all([
    listen(options),
    listen({ ...options, tls: { contextFor: () => forMx }, immediateTls: true }),
    listen({ ...options, tls: { contextFor: () => notForMx }, immediateTls: true }),
    listen(options),
  ]);
  await listeners[3][Symbol.asyncDispose]();
  const [greeting, secured, badlySecured, refused] = listeners.map(({ port }) => ({ address: '127.0.0.1', port }));
  assert.ok(greeting && secured && badlySecured && refused);
  return {
    dialer: nodeDialer({ trustedPem: [mx.certPem, other.certPem], limits: { lingerMs: 50 } }),
    greeting,
    secured,
    badlySecured,
    refused,
    async [Symbol.asyncDispose]() {
      await Promise.all(listeners.slice(0, 3).map((listener) => listener[Symbol.asyncDispose]()));
    },
  };
});

test('Channel: both ends know each other', async () => {
  await using both = await pair();
  assert.deepEqual(both.server.remote, both.client.local);
  assert.deepEqual(both.client.remote, { address: '127.0.0.1', port: both.listener.port });
  assert.deepEqual(both.server.local, both.client.remote);
});

test('Channel.write: holds back the writer until the reader reads, and loses nothing', async () => {
  await using both = await pair();
  const count = 16 * 1024 * 1024;
  const block = Uint8Array.from({ length: 256 * 1024 }, (_, i) => (i * 7) & 0xff);
  let written = 0;
  const writing = (async () => {
    for (; written < count; written += block.length) await both.server.write(block);
  })();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.ok(written < count, 'back-pressure');
  const all = await readAll(both.client, count);
  await writing;
  assert.equal(all.length, count);
  assert.deepEqual(all.subarray(count - block.length), block);
});

test('Channel.write: a peer that takes nothing is a timeout', async () => {
  await using both = await pair();
  await assert.rejects(async () => {
    for (let i = 0; i < 1000; i += 1) await both.server.write(new Uint8Array(1024 * 1024), 20);
  }, ChannelTimeout);
});

test('Channel.startTls: both sides agree on the session and its channel bindings', async () => {
  await using both = await pair({ tls: { ...tls, asksClientCertificate: true } });
  const [server, client] = await Promise.all([
    both.server.startTls(),
    both.client.startTls({ serverName: 'localhost', verify: 'require' }),
  ]);
  assert.equal(server.protocol, 'TLSv1.3');
  assert.equal(server.serverName, 'localhost');
  assert.ok(client.peerVerified);
  assert.equal(client.peerProblem, null);
  assert.equal(server.peerCertificate, null);
  assert.equal(server.exporter?.length, 32);
  assert.deepEqual(server.exporter, client.exporter);
  assert.equal(server.serverEndPoint?.length, 32);
  assert.deepEqual(server.serverEndPoint, client.serverEndPoint);
  await say(both.client, 'secret');
  assert.equal(await hear(both.server, 6), 'secret');
  await say(both.server, 'reply');
  assert.equal(await hear(both.client, 5), 'reply');
  assert.equal(both.server.tls, server);
  await assert.rejects(both.server.startTls(), ChannelClosed);
});

test('nodeDialer: a client with an identity shows it, and trusts whom its context says', async () => {
  const listener = await listen({
    address: '127.0.0.1',
    port: 0,
    log: new FakeLog(),
    tls: { ...tls, asksClientCertificate: true },
    immediateTls: true,
    onConnection: async (channel) => {
      await channel.write(channel.tls?.peerCertificate ?? new Uint8Array());
    },
  });
  const dial = (trustedPem?: readonly string[]): Promise<Channel> =>
    nodeDialer({ identity: tlsContext({ ...pem, ...(trustedPem !== undefined && { trustedPem }) }) }).dial({
      address: '127.0.0.1',
      port: listener.port,
      timeoutMs: 5 * second,
      tls: { serverName: 'localhost', verify: 'require' },
    });
  try {
    await assert.rejects(dial(), /self-signed/);
    const client = await dial([pem.certPem]);
    const shown = tlsContext(pem).certificate.raw;
    assert.deepEqual(Buffer.from(await readAll(client, shown.length)), shown);
    client.destroy();
  } finally {
    await listener[Symbol.asyncDispose]();
  }
});

test('Channel.startTls: RFC 3207 §5: clear bytes before the handshake are forgotten', async () => {
  await using both = await pair({ tls });
  await say(both.client, 'STARTTLS\r\n');
  assert.equal(await hear(both.server, 10), 'STARTTLS\r\n');
  await say(both.client, 'RSET\r\nMAIL FROM:<>\r\n');
  // The handshake begins in the same turn of the event loop as the reply, which must go out in plaintext before it.
  await both.client.read(1).catch(() => null);
  await say(both.server, '220 go\r\n');
  const server = both.server.startTls();
  assert.equal(await hear(both.client, 8), '220 go\r\n');
  await both.client.startTls({ serverName: 'localhost', verify: 'require' });
  await server;
  await say(both.client, 'EHLO\r\n');
  assert.equal(await hear(both.server, 6), 'EHLO\r\n');
});

test('Channel.startTls: verification is demanded or reported', async () => {
  const stranger = tlsContext(other);
  for (const verify of ['require', 'report'] as const) {
    await using both = await pair({ tls: { contextFor: () => stranger } });
    const server = both.server.startTls().catch((error: unknown) => error);
    const client = both.client.startTls({ serverName: 'localhost', verify });
    if (verify === 'require') await assert.rejects(client, ChannelClosed);
    else assert.match((await client).peerProblem ?? '', /SELF_SIGNED|self-signed/);
    await server;
  }
});

test('Channel.startTls: the certificate may be for another name than SNI asks for', async () => {
  for (const [verifyName, want] of [
    ['localhost', null],
    ['elsewhere.example', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const) {
    await using both = await pair({ tls });
    const [, session] = await Promise.all([
      both.server.startTls(),
      both.client.startTls({ serverName: 'sni.example', verifyName, verify: 'report' }),
    ]);
    assert.deepEqual([session.peerProblem, session.peerVerified], [want, want === null]);
  }
});

test('Channel.startTls: a certificate for another name is refused in words that name both', async () => {
  await using both = await pair({ tls });
  const server = both.server.startTls().catch((error: unknown) => error);
  await assert.rejects(
    both.client.startTls({ serverName: 'elsewhere.example', verify: 'require' }),
    /^ChannelClosed: TLS failed: the certificate is for localhost.*, not for elsewhere\.example$/,
  );
  await server;
});

test('Channel.startTls: a client sees the chain as the server sent it', async () => {
  const chained = tlsContext({ certPem: `${pem.certPem}${other.certPem}`, keyPem: pem.keyPem });
  await using both = await pair({ tls: { contextFor: () => chained } });
  const [server, client] = await Promise.all([
    both.server.startTls(),
    both.client.startTls({ serverName: 'localhost', verify: 'report' }),
  ]);
  assert.deepEqual(
    client.peerChain.map((der) => new X509Certificate(der).toString()),
    [pem, other].map(({ certPem }) => new X509Certificate(certPem).toString()),
  );
  assert.deepEqual(client.peerChain[0], client.peerCertificate);
  assert.deepEqual(server.peerChain, []);
});

test('Channel.startTls: rubbish in place of a handshake is ChannelClosed', async () => {
  await using both = await pair({ tls });
  await say(both.client, 'this is no handshake at all, not in the least\r\n');
  const server = assert.rejects(both.server.startTls(), ChannelClosed);
  await say(both.client, 'nor is this\r\n');
  await server;
});

test('listen: immediateTls, with the certificate that is current', async () => {
  let current = context;
  await using both = await pair({ immediateTls: true, tls: { contextFor: () => current } });
  assert.ok(both.client.tls?.peerVerified);
  current = tlsContext(other);
  const second2 = await nodeDialer().dial({
    address: '127.0.0.1',
    port: both.listener.port,
    timeoutMs: 5 * second,
    tls: { serverName: 'other.example', verify: 'report' },
  });
  assert.notDeepEqual(second2.tls?.peerCertificate, both.client.tls?.peerCertificate);
  second2.destroy();
  // A client that speaks in plaintext is logged and dropped.
  const clear = connect({ host: '127.0.0.1', port: both.listener.port });
  clear.on('error', () => undefined);
  const gone = new Promise((resolve) => {
    clear.on('close', resolve);
  });
  clear.write('EHLO nobody\r\n\r\n\r\n');
  clear.resume();
  await gone;
  assert.ok(both.log.events.some(({ event }) => event === 'net.tlsFailed'));
});

test('listen: a failing connection is logged, a full house drops, a closed one refuses', async () => {
  const log = new FakeLog();
  const listener = await listen({
    address: '127.0.0.1',
    port: 0,
    log,
    limits: { lingerMs: 50 },
    onConnection: async (channel) => {
      await channel.read(5 * second);
      throw new Error('our fault');
    },
    maxConnections: 1,
  });
  const dialer = nodeDialer();
  const to = { address: '127.0.0.1', port: listener.port, timeoutMs: 5 * second };
  const first = await dialer.dial(to);
  const dropped = await dialer.dial(to);
  assert.equal(await dropped.read(5 * second).catch(() => null), null);
  dropped.destroy();
  await say(first, 'x');
  assert.equal(await first.read(5 * second), null);
  first.destroy();
  assert.deepEqual(log.events.map(({ event }) => event).sort(), ['net.connectionDropped', 'net.connectionFailed']);
  await listener.close();
  await assert.rejects(dialer.dial(to), (error) => error instanceof DialFailed && /refused/.test(error.message));
  await listener[Symbol.asyncDispose]();
});

test('nodeDialer: gives up when told to', async () => {
  const abort = AbortSignal.abort(new Error('shutdown'));
  await assert.rejects(
    nodeDialer().dial({ address: '127.0.0.1', port: 9, timeoutMs: 1000, signal: abort }),
    DialFailed,
  );
});

test('Channel.read: TCP looks after a peer that is waited for longer than keepAliveAfterMs, and no other', async (t) => {
  await using both = await pair({ limits: { lingerMs: 50, keepAliveAfterMs: 1000 } });
  const asked = t.mock.method(Socket.prototype, 'setKeepAlive');
  for (const timeoutMs of [1000, 1001, 1001]) {
    const reading = both.server.read(timeoutMs);
    await say(both.client, 'x');
    await reading;
  }
  assert.deepEqual(
    asked.mock.calls.map((call) => call.arguments),
    [[true, 120_000]],
  );
});

test('Channel.close: a peer that takes the rest slowly gets all of it', async () => {
  await using both = await pair();
  const count = 8 * 1024 * 1024;
  const written = both.server.write(new Uint8Array(count));
  written?.catch(() => undefined);
  const closing = both.server.close();
  let came = 0;
  for (let bytes = await both.client.read(5 * second); bytes !== null; bytes = await both.client.read(5 * second)) {
    came += bytes.length;
    // Longer than a close waits for the end of the other side.
    if (came < 1024 * 1024) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(came, count);
  both.client.destroy();
  await closing;
});

for (const [title, limits] of [
  ['does not end its side', { lingerMs: 50 }],
  ['goes on sending', { lingerMs: 60_000, maxDroppedBytes: 1024 * 1024 }],
  ['does not take the rest', { lingerMs: 50, writeTimeoutMs: 200 }],
] as const) {
  test(`Channel.close: a peer that ${title} is cut off`, async () => {
    await using both = await pair({ limits });
    const isDeaf = title === 'does not take the rest';
    if (isDeaf) both.server.write(new Uint8Array(16 * 1024 * 1024))?.catch(() => undefined);
    const sending = (async () => {
      if (title !== 'goes on sending') return;
      for (;;) await both.client.write(new Uint8Array(64 * 1024));
    })();
    await both.server.close();
    await assert.rejects(title === 'goes on sending' ? sending : both.server.read(1000), ChannelClosed);
  });
}
