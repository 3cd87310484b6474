import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { listen, socksDialer } from '#host/net';
import { Secret } from '#lib/secret';
import { FakeLog } from '#testing/fake-log';
import { describePeer, needs } from './programs.ts';

const timeoutMs = 10_000;

describePeer('microsocks takes us to our targets', needs('microsocks'), () => {
  const login = { user: 'bob', password: 'correct horse' };
  const credentials = { user: login.user, password: new Secret(login.password) };
  const wrong = { ...credentials, password: new Secret('battery') };

  for (const [title, options, given, address, want] of [
    ['a name', [], undefined, 'localhost', null],
    ['an address', [], undefined, '127.0.0.1', null],
    ['user and password', ['-u', login.user, '-P', login.password], credentials, 'localhost', null],
    ['a wrong password', ['-u', login.user, '-P', login.password], wrong, 'localhost', /refuses user and password/],
    ['no login', ['-u', login.user, '-P', login.password], undefined, 'localhost', /wants (?:a|another kind of) login/],
    ['a name that does not exist', [], undefined, 'nowhere.invalid', /SOCKS proxy 127\.0\.0\.1:\d+: /],
  ] as const) {
    test(title, async () => {
      await using proxy = await startMicrosocks(options);
      await using target = await listen({
        address: '127.0.0.1',
        port: 0,
        log: new FakeLog(),
        onConnection: async (channel) => {
          await channel.write(new TextEncoder().encode('220 ready\r\n'));
          await channel.read(timeoutMs);
        },
      });
      const dialer = socksDialer({ proxy: placeOf(proxy.port, given) });
      const dialing = dialer.dial({ address, port: target.port, timeoutMs });
      if (want !== null) {
        await assert.rejects(dialing, want);
        return;
      }
      const channel = await dialing;
      assert.equal(new TextDecoder().decode((await channel.read(timeoutMs)) ?? undefined), '220 ready\r\n');
      channel.destroy();
    });
  }

  test('a port where nobody listens', async () => {
    await using proxy = await startMicrosocks([]);
    const port = await freePort();
    const dialer = socksDialer({ proxy: placeOf(proxy.port, undefined) });
    await assert.rejects(dialer.dial({ address: '127.0.0.1', port, timeoutMs }), /: connection refused$/);
  });
});

type Proxy = Parameters<typeof socksDialer>[0]['proxy'];

function placeOf(port: number, credentials: Proxy['credentials']): Proxy {
  return { host: '127.0.0.1', port, ...(credentials !== undefined && { credentials }) };
}

async function startMicrosocks(options: readonly string[]) {
  const port = await freePort();
  const child = spawn('microsocks', ['-i', '127.0.0.1', '-p', String(port), ...options], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  // It does not say when it is ready.
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`microsocks ended with ${child.exitCode}`);
    await setTimeout(20);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
