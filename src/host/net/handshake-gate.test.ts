import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { ChannelClosed } from '#ports/channel';
import { FakeLog } from '#testing/fake-log';
import { defaultHandshakeLimits, HandshakeGate, listen, nodeDialer, tlsContext } from './index.ts';
import type { HandshakePermit } from './handshake-gate.ts';

const limits = { ...defaultHandshakeLimits, maxUnderWay: 3, maxPerAddress: 2, maxWaiting: 4, maxWaitingPerAddress: 3 };

test('HandshakeGate: so many at a time, and of each address; the rest waits in order, and so many may wait', async () => {
  const gate = new HandshakeGate(limits);
  const begun: string[] = [];
  const permits = new Map<string, HandshakePermit>();
  const enter = async (name: string): Promise<void> => {
    const permit = await gate.enter(name[0] ?? '');
    begun.push(name);
    permits.set(name, permit);
  };
  const entered = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2'].map(enter);
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(begun, ['a1', 'a2', 'b1']);
  await assert.rejects(gate.enter('a'), ChannelClosed);
  await assert.rejects(gate.enter('c'), ChannelClosed);
  permits.get('b1')?.[Symbol.dispose]();
  permits.get('b1')?.[Symbol.dispose]();
  await entered[6];
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'b2']);
  for (const name of ['a1', 'a2', 'b2']) permits.get(name)?.[Symbol.dispose]();
  await entered[4 - 1];
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'b2', 'a3', 'a4']);
  permits.get('a3')?.[Symbol.dispose]();
  permits.get('a4')?.[Symbol.dispose]();
  await Promise.all(entered);
  permits.get('a5')?.[Symbol.dispose]();
  // All places are free again.
  await Promise.all(['c1', 'c2', 'd1'].map(enter));
});

test('HandshakeGate: a handshake has less time when others wait, and a wait has an end', async () => {
  const gate = new HandshakeGate({ ...limits, maxUnderWay: 1, waitMs: 1 });
  const first = await gate.enter('a');
  assert.equal(first.leftMs(0), limits.pressedTimeoutMs);
  assert.equal(first.leftMs(limits.pressedTimeoutMs), limits.pressedTimeoutMs);
  assert.equal(first.leftMs(limits.timeoutMs - 1), 1);
  assert.equal(first.leftMs(limits.timeoutMs), 0);
  const second = gate.enter('b');
  await assert.rejects(second, /waited too long/);
  const patient = new HandshakeGate({ ...limits, maxUnderWay: 1 });
  const held = await patient.enter('a');
  const waiting = [patient.enter('b'), patient.enter('c')];
  assert.equal(held.leftMs(limits.pressedTimeoutMs - 1), 1);
  assert.equal(held.leftMs(limits.pressedTimeoutMs), 0);
  held[Symbol.dispose]();
  const next = await waiting[0];
  assert.equal(next?.leftMs(limits.pressedTimeoutMs), 0);
  next?.[Symbol.dispose]();
  assert.equal((await waiting[1])?.leftMs(limits.pressedTimeoutMs), limits.pressedTimeoutMs);
});

const pem = await makeSelfSigned({ names: ['localhost'], days: 1, now: Date.now() });
const tls = { contextFor: () => tlsContext(pem) };

test('listen: clients that begin handshakes and never end them do not keep others out, and give their places back', async () => {
  const log = new FakeLog();
  let entered = 0;
  let left = 0;
  const allLeft = Promise.withResolvers<void>();
  const handshakes = new HandshakeGate({
    ...limits,
    maxUnderWay: 2,
    maxWaiting: 30,
    maxWaitingPerAddress: 30,
    timeoutMs: 20_000,
    pressedTimeoutMs: 50,
  });
  await using listener = await listen({
    address: '127.0.0.1',
    port: 0,
    tls,
    immediateTls: true,
    handshakes,
    log,
    admit: () => {
      if (entered - left >= 21) return null;
      entered += 1;
      return {
        [Symbol.dispose]: () => {
          left += 1;
          if (left === 21) allLeft.resolve();
        },
      };
    },
    onConnection: async (channel) => void (await channel.write(Uint8Array.of(33))),
  });
  const half = await Promise.all(Array.from({ length: 20 }, () => halfHandshake(listener.port)));
  const client = await nodeDialer().dial({
    address: '127.0.0.1',
    port: listener.port,
    timeoutMs: 10_000,
    tls: { serverName: 'localhost', verify: 'report' },
  });
  assert.equal((await client.read(10_000))?.[0], 33);
  client.destroy();
  await Promise.all(half.map(closed));
  await allLeft.promise;
  assert.equal(log.ofLevel('error').length, 0);
});

test('listen: who is not admitted is dropped before any handshake, with one line in the log', async () => {
  const log = new FakeLog();
  const contextFor = (): never => assert.fail('no handshake may begin');
  await using listener = await listen({
    address: '127.0.0.1',
    port: 0,
    tls: { contextFor },
    immediateTls: true,
    log,
    admit: (remoteAddress) => (remoteAddress === '127.0.0.1' ? null : assert.fail(remoteAddress)),
    onConnection: () => assert.fail('not admitted'),
  });
  const sockets = await Promise.all(Array.from({ length: 5 }, () => halfHandshake(listener.port)));
  await Promise.all(sockets.map(closed));
  assert.deepEqual(
    log.events.map(({ event }) => event),
    ['net.connectionDropped'],
  );
});

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => void socket.once('close', resolve));
}

/** Sends the first half of a TLS record with a ClientHello. */
async function halfHandshake(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]));
  return socket;
}
