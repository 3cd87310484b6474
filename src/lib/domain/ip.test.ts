import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type IpAddress, ipMasks, isLoopback, isPrivate, isPublic, parseIp, reverseName } from './index.ts';

function ip(text: string): IpAddress {
  const address = parseIp(text);
  assert.ok(address.ok, text);
  return address.value;
}

for (const [given, want] of [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8::0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
] as const) {
  test(`parseIp(${given})`, () => assert.equal(ip(given).text, want));
}

for (const given of [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.04',
  '1.2.3.4%eth0',
  '0x1.2.3.4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  '::1.2.3.4:5',
  '1.2.3.4::',
  '::g',
  ' ::1',
  '%eth0',
  ':'.repeat(100_000),
]) {
  test(`parseIp(${JSON.stringify(given.slice(0, 30))}) is refused`, () => assert.equal(parseIp(given).ok, false));
}

test('parseIp agrees with Node on what an address is, and its text is canonical', () => {
  const near = fc.string({ unit: fc.constantFrom(':', '::', '.', '0', '1', 'f', '255', 'ffff', '10'), maxLength: 16 });
  fc.assert(
    fc.property(fc.oneof(near, fc.ipV4(), fc.ipV6()), (text) => {
      const address = parseIp(text);
      assert.equal(address.ok, isIP(text) !== 0, text);
      if (!address.ok) return;
      assert.deepEqual(parseIp(address.value.text), address);
      if (address.value.family === 6) {
        assert.equal(`[${address.value.text}]`, new URL(`http://[${text}]/`).hostname);
      }
    }),
    { seed: 20260104, numRuns: 2000 },
  );
});

for (const [given, m1, m2, m3] of [
  ['192.0.2.255', '192.0.2.255/32', '192.0.2.192/26', '192.0.0.0/21'],
  ['203.0.113.77', '203.0.113.77/32', '203.0.113.64/26', '203.0.112.0/21'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48', '2001:db8::/32'],
  ['::ffff:192.0.2.255', '192.0.2.255/32', '192.0.2.192/26', '192.0.0.0/21'],
] as const) {
  test(`ipMasks(${given})`, () => assert.deepEqual(ipMasks(ip(given)), { m1, m2, m3 }));
}

for (const [given, loopback, isLocal] of [
  ['127.0.0.1', true, false],
  ['127.255.0.1', true, false],
  ['::1', true, false],
  ['::ffff:127.0.0.1', true, false],
  ['::2', false, false],
  ['10.1.2.3', false, true],
  ['172.15.0.1', false, false],
  ['172.31.255.1', false, true],
  ['192.168.0.1', false, true],
  ['192.169.0.1', false, false],
  ['100.64.0.1', false, true],
  ['100.128.0.1', false, false],
  ['169.254.1.1', false, true],
  ['fd00::1', false, true],
  ['fe80::1', false, true],
  ['fec0::1', false, false],
  ['2001:db8::1', false, false],
] as const) {
  test(`isLoopback and isPrivate of ${given}`, () => {
    assert.deepEqual([isLoopback(ip(given)), isPrivate(ip(given))], [loopback, isLocal]);
  });
}

test('reverseName of both families', () => {
  assert.equal(reverseName(ip('192.0.2.1')), '1.2.0.192.in-addr.arpa');
  // RFC 3596 §2.5.
  assert.equal(
    reverseName(ip('4321:0:1:2:3:4:567:89ab')),
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  );
});

for (const [given, want] of [
  ['8.8.8.8', true],
  ['192.0.1.1', true],
  ['198.17.255.255', true],
  ['223.255.255.255', true],
  ['2606:4700::1', true],
  ['2001:200::1', true],
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['0.1.2.3', false],
  ['10.0.0.1', false],
  ['100.64.0.1', false],
  ['169.254.169.254', false],
  ['192.0.0.8', false],
  ['192.0.2.1', false],
  ['192.88.99.1', false],
  ['198.19.0.1', false],
  ['198.51.100.1', false],
  ['203.0.113.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::ffff:10.0.0.1', false],
  ['::1', false],
  ['::', false],
  ['64:ff9b::a00:1', false],
  ['fc00::1', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['2001::1', false],
  ['2001:db8::1', false],
  ['2002:a00:1::', false],
  ['3fff:fff::1', false],
] as const)
  test(`isPublic of ${given}`, () => assert.equal(isPublic(ip(given)), want));
