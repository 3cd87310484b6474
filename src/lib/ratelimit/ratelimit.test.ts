import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipMasks, parseIp, type IpAddress } from '#lib/domain';
import { ConcurrencyLimit, EventLimit, isInNetwork, parseNetwork } from './index.ts';

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

test('EventLimit.take refuses past the limit of the address, then of its network', () => {
  const limit = new EventLimit([{ windowMs: 60_000, limits: [2, 3, 100] }]);
  assert.ok(limit.take(ip('192.0.2.1'), 0));
  assert.ok(limit.take(ip('192.0.2.1'), 0));
  assert.ok(!limit.take(ip('192.0.2.1'), 0));
  assert.ok(limit.take(ip('192.0.2.2'), 0));
  assert.ok(!limit.take(ip('192.0.2.3'), 0), 'the /26 is full');
  assert.ok(limit.take(ip('192.0.2.99'), 0), 'another /26');
});

test('EventLimit slides: a burst at a window’s end counts on into the next', () => {
  const limit = new EventLimit([{ windowMs: 1000, limits: [10, 100, 100] }]);
  const peer = ip('2001:db8::1');
  limit.take(peer, 0);
  for (let i = 0; i < 9; i += 1) assert.ok(limit.take(peer, 999));
  assert.ok(!limit.take(peer, 1001));
  assert.ok(limit.take(peer, 1600));
  assert.ok(limit.take(peer, 9000));
});

test('EventLimit checks every window', () => {
  const limit = new EventLimit([
    { windowMs: 1000, limits: [100, 100, 100] },
    { windowMs: 86_400_000, limits: [3, 100, 100] },
  ]);
  for (let i = 0; i < 3; i += 1) assert.ok(limit.take(ip('192.0.2.1'), i * 10_000));
  assert.ok(!limit.take(ip('192.0.2.1'), 40_000));
});

test('EventLimit.takeBack lowers an address and its networks by one event of that time', () => {
  const limit = new EventLimit([
    { windowMs: 1000, limits: [2, 3, 10] },
    { windowMs: 100_000, limits: [3, 100, 100] },
  ]);
  limit.count(ip('192.0.2.1'), 0);
  limit.count(ip('192.0.2.1'), 0);
  limit.count(ip('192.0.2.2'), 0);
  assert.ok(!limit.allows(ip('192.0.2.1'), 0));
  limit.takeBack(ip('192.0.2.1'), 0, 0);
  assert.ok(limit.take(ip('192.0.2.1'), 0));
  assert.ok(!limit.allows(ip('192.0.2.1'), 0));
  // Long past in the short window, still counted in the long one.
  assert.ok(limit.take(ip('192.0.2.1'), 5000));
  assert.ok(!limit.allows(ip('192.0.2.1'), 5000));
  limit.takeBack(ip('192.0.2.1'), 0, 5000);
  assert.ok(limit.allows(ip('192.0.2.1'), 5000));
  limit.takeBack(ip('203.0.113.1'), 0, 5000);
});

test('EventLimit.allows adds events that are still pending', () => {
  const limit = new EventLimit([{ windowMs: 1000, limits: [5, 8, 20] }]);
  const peer = ip('192.0.2.1');
  limit.count(peer, 0);
  const { m1 } = ipMasks(peer);
  const pending = new Map([[m1, 3]]);
  const allows = (): boolean => limit.allows(peer, 0, (mask) => pending.get(mask) ?? 0);
  assert.ok(allows());
  pending.set(m1, 4);
  assert.ok(!allows());
  assert.ok(limit.allows(peer, 0));
});

test('EventLimit stays bounded however many addresses come', () => {
  const limit = new EventLimit([{ windowMs: 1000, limits: [2, 3, 10] }]);
  for (let i = 0; i < 60_000; i += 1) limit.count(ip(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`), i);
  assert.ok(limit.take(ip('192.0.2.1'), 60_000));
});

test('ConcurrencyLimit.enter gives places back when they are disposed, once', () => {
  const limit = new ConcurrencyLimit([1, 2, 2]);
  const first = limit.enter(ip('192.0.2.1'));
  assert.ok(first !== null);
  assert.equal(limit.enter(ip('192.0.2.1')), null);
  const second = limit.enter(ip('192.0.2.2'));
  assert.ok(second !== null);
  assert.equal(limit.enter(ip('192.0.2.3')), null, 'the /26 is full');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.ok(limit.enter(ip('192.0.2.1')) !== null);
  assert.equal(limit.enter(ip('192.0.2.3')), null);
});

for (const [network, address, inside] of [
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.128/25', '192.0.2.127', false],
  ['0.0.0.0/0', '198.51.100.7', true],
  ['0.0.0.0/0', '::1', false],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['::1', '::1', true],
] as const) {
  test(`isInNetwork(${network}, ${address}) is ${inside}`, () => {
    const parsed = parseNetwork(network);
    assert.ok(parsed.ok);
    assert.equal(isInNetwork(parsed.value, ip(address)), inside);
  });
}

for (const network of ['192.0.2.0/33', '192.0.2.0/', 'x/8', '::/129', '192.0.2.0/-1', '192.0.2.0/8/8']) {
  test(`parseNetwork(${network}) is refused`, () => assert.equal(parseNetwork(network).ok, false));
}

test('EventLimit.waitMs: how long until there is room, in the window that goes on and in the one before', () => {
  const address = ip('192.0.2.1');
  for (const times of [[0, 0, 0, 0], [0, 10, 20, 30, 40], [0, 55_000, 56_000, 57_000, 70_000], [0]]) {
    const limit = new EventLimit([
      { windowMs: 60_000, limits: [4, 10, 100] },
      { windowMs: 600_000, limits: [4, 8, 100] },
    ]);
    for (const time of times) limit.count(address, time);
    const nowMs = times.at(-1) ?? 0;
    const wait = limit.waitMs(address, nowMs);
    assert.equal(limit.allows(address, nowMs), wait === 0);
    if (wait > 0) assert.equal(limit.allows(address, nowMs + wait - 1), false, `${wait}`);
    assert.ok(limit.allows(address, nowMs + wait + 0.001), `${wait}`);
  }
});
