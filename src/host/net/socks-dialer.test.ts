import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { Secret } from '#lib/secret';
import { channelContract } from '#ports/channel.contract';
import type { Channel } from '#ports/channel';
import { DialFailed } from '#ports/dialer';
import { dialerContract } from '#ports/dialer.contract';
import { FakeLog } from '#testing/fake-log';
import { SocksServer, type SocksServerOptions } from '#testing/socks-server';
import { listen, socksDialer, tlsContext } from './index.ts';
import type { SocksDialerOptions } from './socks-dialer.ts';
import type { ListenOptions } from './listener.ts';

const timeoutMs = 5000;
const limits = { lingerMs: 50 };
const pem = await makeSelfSigned({ names: ['mx.example'], days: 1, now: Date.now() });
const context = tlsContext(pem);

/** A target called `mx.example`, a proxy that knows it, and a dialer that goes through the proxy. */
async function world(
  onConnection: ListenOptions['onConnection'],
  proxy: SocksServerOptions & { readonly immediateTls?: boolean } = {},
  credentials?: SocksDialerOptions['proxy']['credentials'],
) {
  const target = await listen({
    address: '127.0.0.1',
    port: 0,
    log: new FakeLog(),
    onConnection,
    tls: { contextFor: () => context },
    immediateTls: proxy.immediateTls === true,
    limits,
  });
  const server = await SocksServer.start({
    names: { 'mx.example': { address: '127.0.0.1', port: target.port } },
    ...proxy,
  });
  const place = { host: '127.0.0.1', port: server.port, ...(credentials !== undefined && { credentials }) };
  return {
    dialer: socksDialer({ proxy: place, trustedPem: [pem.certPem], limits }),
    server,
    target,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

async function greet(channel: Channel): Promise<void> {
  await channel.write(new TextEncoder().encode('220 ready\r\n'));
  await channel.read(timeoutMs);
}

async function pair() {
  const accepted = Promise.withResolvers<Channel>();
  const done = Promise.withResolvers<void>();
  const around = await world((channel) => {
    accepted.resolve(channel);
    return done.promise;
  });
  const client = await around.dialer.dial({ address: 'mx.example', port: 25, timeoutMs });
  return {
    client,
    server: await accepted.promise,
    async [Symbol.asyncDispose]() {
      done.resolve();
      client.destroy();
      await around[Symbol.asyncDispose]();
    },
  };
}

channelContract('socksDialer', pair);

dialerContract('socksDialer', async () => {
  const otherContext = tlsContext(await makeSelfSigned({ names: ['other.example'], days: 1, now: Date.now() }));
  const common = { address: '127.0.0.1', port: 0, log: new FakeLog(), onConnection: greet, limits };
  const listeners = await Promise.all([
    listen(common),
    listen({ ...common, tls: { contextFor: () => context }, immediateTls: true }),
    listen({ ...common, tls: { contextFor: () => otherContext }, immediateTls: true }),
    listen(common),
  ]);
  await listeners[3][Symbol.asyncDispose]();
  const targets = ['plain.example', 'secured.example', 'badly.example', 'closed.example'].map((address, i) => ({
    address,
    port: 25,
    place: { address: '127.0.0.1', port: listeners[i]?.port ?? 0 },
  }));
  const server = await SocksServer.start({
    names: Object.fromEntries(targets.map(({ address, place }) => [address, place])),
  });
  const [greeting, secured, badlySecured, refused] = targets;
  assert.ok(greeting && secured && badlySecured && refused);
  return {
    dialer: socksDialer({ proxy: { host: '127.0.0.1', port: server.port }, trustedPem: [pem.certPem], limits }),
    greeting,
    secured,
    badlySecured,
    refused,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Promise.all(listeners.slice(0, 3).map((listener) => listener[Symbol.asyncDispose]()));
    },
  };
});

test('socksDialer: the proxy gets the name, and the greeting of the target is not lost', async () => {
  await using around = await world(greet);
  const channel = await around.dialer.dial({ address: 'mx.example', port: 25, timeoutMs });
  assert.equal(new TextDecoder().decode((await channel.read(timeoutMs)) ?? undefined), '220 ready\r\n');
  assert.deepEqual(around.server.targets, ['mx.example:25']);
  await channel.close();
});

test('socksDialer: addresses go as addresses', async () => {
  await using around = await world(greet);
  const channel = await around.dialer.dial({ address: '127.0.0.1', port: around.target.port, timeoutMs });
  assert.ok((await channel.read(timeoutMs)) !== null);
  await channel.close();
  await assert.rejects(around.dialer.dial({ address: '2001:db8::1', port: 9, timeoutMs: 300 }), DialFailed);
  assert.deepEqual(around.server.targets, [`127.0.0.1:${around.target.port}`, '2001:db8:0:0:0:0:0:1:9']);
});

test('socksDialer: TLS with the target, at once or later, under its own name', async () => {
  for (const immediateTls of [true, false]) {
    await using around = await world(
      async (channel) => {
        if (!immediateTls) await channel.startTls();
        await greet(channel);
      },
      { immediateTls },
    );
    const tls = { serverName: 'mx.example', verify: 'require' } as const;
    const to = { address: 'mx.example', port: 465, timeoutMs };
    const channel = await around.dialer.dial(immediateTls ? { ...to, tls } : to);
    const session = immediateTls ? channel.tls : await channel.startTls(tls);
    assert.equal(session?.peerVerified, true);
    assert.equal(new TextDecoder().decode((await channel.read(timeoutMs)) ?? undefined), '220 ready\r\n');
    channel.destroy();
  }
});

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const right = { user: 'bob', password: new Secret('pässword') };
const login = { user: 'bob', password: 'pässword' };

for (const [title, options, credentials, want, isEverywhere] of [
  ['the right login', { login }, right, null, false],
  ['a wrong password', { login }, { ...right, password: new Secret('x') }, /: it refuses user and password$/, true],
  ['no login where one is wanted', { login }, undefined, /: it wants a login, and none is configured$/, true],
  ['a login where none is wanted', {}, right, null, false],
  ['a name that the proxy does not find', { names: {} }, undefined, /: host unreachable$/, false],
  ['a target that refuses', { replyCode: 5 }, undefined, /: connection refused$/, false],
  ['a web server', { says: { bytes: ascii('HTTP/1.1 400 Bad\r\n'), thenEnds: true } }, undefined, /speak HTTP$/, true],
  [
    'half an answer',
    { says: { bytes: Uint8Array.of(5), thenEnds: true } },
    undefined,
    /in the middle of an answer$/,
    true,
  ],
  ['a proxy that hangs up', { says: { bytes: Uint8Array.of(), thenEnds: true } }, undefined, /without a word$/, true],
] as const) {
  test(`socksDialer: ${title}`, async () => {
    await using around = await world(greet, options, credentials);
    const dialing = around.dialer.dial({ address: 'mx.example', port: 25, timeoutMs });
    if (want !== null) {
      await assert.rejects(dialing, (error: unknown) => {
        assert.ok(error instanceof DialFailed);
        assert.match(error.message, want);
        assert.equal(error.isEverywhere, isEverywhere);
        return error.message.startsWith(`SOCKS proxy 127.0.0.1:${around.server.port}: `);
      });
      return;
    }
    const channel = await dialing;
    assert.ok((await channel.read(timeoutMs)) !== null);
    channel.destroy();
  });
}

test('socksDialer: a silent proxy is given up in time, or when told', async () => {
  await using around = await world(greet, { says: { bytes: Uint8Array.of(5), thenEnds: false } });
  const to = { address: 'mx.example', port: 25 };
  await assert.rejects(
    around.dialer.dial({ ...to, timeoutMs: 30 }),
    /^DialFailed: SOCKS proxy .*no answer within 0 s$/,
  );
  const controller = new AbortController();
  const dialing = around.dialer.dial({ ...to, timeoutMs, signal: controller.signal });
  setImmediate(() => controller.abort());
  await assert.rejects(dialing, /given up$/);
  await assert.rejects(around.dialer.dial({ ...to, timeoutMs, signal: AbortSignal.abort() }), /given up$/);
});

test('socksDialer: no proxy there', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  const dialer = socksDialer({ proxy: { host: '127.0.0.1', port } });
  await assert.rejects(dialer.dial({ address: 'mx.example', port: 25, timeoutMs }), {
    message: `SOCKS proxy 127.0.0.1:${port}: connection refused`,
    isEverywhere: true,
  });
});

test('socksDialer: what SOCKS cannot carry is not dialed', async () => {
  const proxy = { host: '127.0.0.1', port: 1 };
  const to = { address: 'mx.example', port: 25, timeoutMs };
  await assert.rejects(socksDialer({ proxy }).dial({ ...to, address: 'a b' }), DialFailed);
  const credentials = { user: '', password: new Secret('x') };
  await assert.rejects(socksDialer({ proxy: { ...proxy, credentials } }).dial(to), DialFailed);
});

test('socksDialer: what the target says in one packet with the proxy’s last answer is read', async () => {
  const greeting = '220 ready\r\n';
  const connected = Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 25);
  const proxy = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once('data', () => socket.write(Buffer.concat([connected, Buffer.from(greeting)])));
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const dialer = socksDialer({ proxy: { host: '127.0.0.1', port }, limits });
  const channel = await dialer.dial({ address: 'mx.example', port: 25, timeoutMs });
  assert.equal(new TextDecoder().decode((await channel.read(timeoutMs)) ?? undefined), greeting);
  channel.destroy();
  await new Promise((resolve) => proxy.close(resolve));
});
