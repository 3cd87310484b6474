import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeResolver, type FakeZone } from '#testing/fake-resolver';
import { findMailHosts, findTlsa } from './index.ts';

const address = { A: ['192.0.2.1'] };
const tlsa = { TLSA: [{ usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) }] };
const to = (name: string) => ({ CNAME: [name] });
const signed = ['mx.example', '_25._tcp.mx.example', 'target.test', '_25._tcp.target.test', '_dane.example'];

/** Zone, names whose answers are authentic, failing queries, and what is found. */
const rows: readonly (readonly [string, FakeZone, readonly string[], string | null, string])[] = [
  ['records at the host', { 'mx.example': address, '_25._tcp.mx.example': tlsa }, signed, null, 'usable mx.example'],
  ['no records', { 'mx.example': address }, signed, null, 'none mx.example'],
  [
    'records that are not signed',
    { 'mx.example': address, '_25._tcp.mx.example': tlsa },
    ['mx.example'],
    null,
    'none mx.example',
  ],
  [
    'addresses that are not signed: nothing is asked',
    { 'mx.example': address, '_25._tcp.mx.example': tlsa },
    [],
    'TLSA _25._tcp.mx.example',
    'none mx.example',
  ],
  ['a failing query', { 'mx.example': address }, signed, 'TLSA _25._tcp.mx.example', 'failed mx.example'],
  [
    'records behind a CNAME keep the base domain',
    { 'mx.example': address, '_25._tcp.mx.example': to('_dane.example'), '_dane.example': tlsa },
    signed,
    null,
    'usable mx.example',
  ],
  [
    'alias: the target’s records first',
    {
      'mx.example': to('target.test'),
      'target.test': address,
      '_25._tcp.mx.example': tlsa,
      '_25._tcp.target.test': tlsa,
    },
    signed,
    null,
    'usable target.test',
  ],
  [
    'alias: then its own',
    { 'mx.example': to('target.test'), 'target.test': address, '_25._tcp.mx.example': tlsa },
    signed,
    null,
    'usable mx.example',
  ],
  [
    'alias to an unsigned zone: its own',
    {
      'mx.example': to('target.test'),
      'target.test': address,
      '_25._tcp.mx.example': tlsa,
      '_25._tcp.target.test': tlsa,
    },
    ['mx.example', '_25._tcp.mx.example'],
    null,
    'usable mx.example',
  ],
  [
    'unsigned alias',
    { 'mx.example': to('target.test'), 'target.test': address, '_25._tcp.target.test': tlsa },
    ['target.test', '_25._tcp.target.test'],
    null,
    'none mx.example',
  ],
  [
    'alias whose own zone cannot be judged',
    { 'mx.example': to('target.test'), 'target.test': address },
    [],
    'CNAME mx.example',
    'failed mx.example',
  ],
];

for (const [title, zone, authentic, failing, want] of rows) {
  test(`findTlsa: ${title} (RFC 7672 §2.2.2, §2.2.3)`, async () => {
    const options = { authentic, failures: failing === null ? {} : ({ [failing]: 'servfail' } as const) };
    const resolver = new FakeResolver(
      { example: { MX: [{ preference: 1, exchange: 'mx.example' }] }, ...zone },
      options,
    );
    const found = await findMailHosts('example', resolver, (list) => [...list]);
    assert.ok(found.kind === 'hosts');
    const [host] = found.hosts;
    assert.ok(host !== undefined);
    const { dane, baseDomain } = await findTlsa(host, 25, resolver);
    assert.equal(`${dane.kind} ${baseDomain}`, want);
  });
}

test('findTlsa asks nothing about address literals (RFC 7672 §2.2)', async () => {
  const resolver = new FakeResolver();
  const found = await findMailHosts('[192.0.2.1]', resolver, (list) => [...list]);
  assert.ok(found.kind === 'hosts');
  for (const host of found.hosts) assert.equal((await findTlsa(host, 25, resolver)).dane.kind, 'none');
  assert.deepEqual(resolver.queries, []);
});

for (const [domain, authentic, want] of [
  ['example', ['example'], 'authentic example'],
  ['example', [], 'insecure example'],
  ['alias.example', ['alias.example', 'example'], 'authentic example'],
  ['alias.example', ['example'], 'insecure example'],
  ['mx.example', ['*'], 'none mx.example'],
  ['other.example', ['*'], 'none mx.example'],
] as const) {
  test(`findMailHosts(${domain}) tells whether MX records vouch for the hosts: ${want}`, async () => {
    const mx = { MX: [{ preference: 1, exchange: 'mx.example' }] };
    const zone = {
      example: mx,
      'alias.example': to('example'),
      'other.example': to('mx.example'),
      'mx.example': address,
    };
    const found = await findMailHosts(domain, new FakeResolver(zone, { authentic }), (list) => [...list]);
    assert.equal(found.kind === 'hosts' ? `${found.mx} ${found.expandedDomain}` : found.kind, want);
  });
}
