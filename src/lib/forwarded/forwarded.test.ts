import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parsed } from '#lib/parsed';
import { parseForwarded, parseXForwarded, type ForwardedHop } from './forwarded.ts';

function show(hops: Parsed<readonly ForwardedHop[]>): string {
  if (!hops.ok) return 'bad';
  const tls = { true: 'https', false: 'http', null: '-' } as const;
  return hops.value.map(({ address, isTls, host }) => `${address ?? '-'} ${tls[`${isTls}`]} ${host ?? '-'}`).join(', ');
}

for (const [field, want] of [
  ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60 http -'],
  ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17 - -'],
  [
    'for=192.0.2.43, for=198.51.100.17;proto=HTTPS;host="a.example:8443"',
    '192.0.2.43 - -, 198.51.100.17 https a.example:8443',
  ],
  ['for=192.0.2.43,for="198.51.100.17:_p"', '192.0.2.43 - -, 198.51.100.17 - -'],
  ['for=unknown, for=_hidden;host="[::1]:80"', '- - -, - - [::1]:80'],
  ['for="\\1\\92.0.2.1"', '192.0.2.1 - -'],
  ['proto=https', '- https -'],
  ['for="::ffff:192.0.2.1"', '192.0.2.1 - -'],
  ['', 'bad'],
  [',', 'bad'],
  ['for=', 'bad'],
  ['for', 'bad'],
  ['for=192.0.2.1;', 'bad'],
  ['for=192.0.2.1,', 'bad'],
  ['for=192.0.2.1;for=192.0.2.2', 'bad'],
  ['for="192.0.2.1', 'bad'],
  ['for=192.0.2.1 for=192.0.2.2', 'bad'],
  ['for=192.0.2.999', 'bad'],
  ['for=example.org', 'bad'],
  ['for=[::1]', 'bad'],
  ['proto=gopher', 'bad'],
  ['host="a b"', 'bad'],
  ['host="a/../b"', 'bad'],
  ['host="a@b"', 'bad'],
  [Array(50).fill('for=192.0.2.1').join(','), Array(50).fill('192.0.2.1 - -').join(', ')],
  [Array(51).fill('for=192.0.2.1').join(','), 'bad'],
] as const) {
  test(`parseForwarded(${JSON.stringify(field.slice(0, 80))}) is ${want.slice(0, 60)}`, () => {
    assert.equal(show(parseForwarded(field)), want);
  });
}

for (const [addresses, protos, hosts, want] of [
  [null, null, null, ''],
  ['192.0.2.1', null, null, '192.0.2.1 - -'],
  ['192.0.2.1:5000', 'https', 'a.example', '192.0.2.1 https a.example'],
  ['[2001:db8::1]:5000', null, null, '2001:db8::1 - -'],
  ['2001:db8::1', null, null, '2001:db8::1 - -'],
  ['192.0.2.1, 10.0.0.1', 'https', null, '192.0.2.1 https -, 10.0.0.1 https -'],
  ['192.0.2.1, 10.0.0.1', 'https, http', null, '192.0.2.1 https -, 10.0.0.1 http -'],
  ['192.0.2.1', 'http, https', 'forged.example, a.example', '192.0.2.1 https a.example'],
  [null, 'https', null, '- https -'],
  ['unknown', null, null, '- - -'],
  ['x', null, null, 'bad'],
  ['', null, null, 'bad'],
  ['192.0.2.1,', null, null, 'bad'],
  ['192.0.2.1', 'ftp', null, 'bad'],
  ['192.0.2.1', null, 'a b', 'bad'],
  [Array(51).fill('192.0.2.1').join(), null, null, 'bad'],
] as const) {
  test(`parseXForwarded(${JSON.stringify([addresses?.slice(0, 80), protos, hosts])}) is ${want}`, () => {
    assert.equal(show(parseXForwarded(addresses, protos, hosts)), want);
  });
}
