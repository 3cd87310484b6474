import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { FakeLog } from '#testing/fake-log';
import { listen } from './index.ts';
import type { NetLimits } from './limits.ts';

async function listening(limits: Partial<NetLimits>) {
  const log = new FakeLog();
  const served: string[] = [];
  const listener = await listen({
    address: '127.0.0.1',
    port: 0,
    log,
    limits,
    isProxy: () => true,
    onConnection: async ({ remote }) => void served.push(remote.address),
  });
  const dial = (): Socket => {
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => undefined);
    return socket;
  };
  return { listener, log, served, dial };
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

test('listen: a proxy that sends no header, or half of one, loses its connection after a time', async () => {
  const { listener, log, served, dial } = await listening({ proxyHeaderTimeoutMs: 20 });
  await using _listener = listener;
  const [silent, slow] = [dial(), dial()];
  slow.write('PROXY TCP4 203.0.113.5');
  await Promise.all([closed(silent), closed(slow)]);
  assert.deepEqual(served, []);
  assert.deepEqual(
    log.events.map(({ event, fields }) => [event, fields['reason']]),
    Array.from({ length: 2 }, () => ['net.proxyRefused', 'no PROXY header within 20 ms']),
  );
});

test('listen: so many connections may wait for their header, and count as open', async () => {
  const { listener, log, dial } = await listening({ maxAwaitedHeaders: 2 });
  await using _listener = listener;
  const sockets = [dial(), dial(), dial()];
  await Promise.race(sockets.map(closed));
  assert.equal(log.events[0]?.event, 'net.connectionDropped');
  while (listener.connectionCount < 2) await new Promise((resolve) => setImmediate(resolve));
  listener.destroyConnections();
  await Promise.all(sockets.map(async (socket) => (socket.destroyed ? undefined : await closed(socket))));
  while (listener.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve));
});
