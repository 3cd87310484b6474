import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolverContract } from '#ports/resolver.contract';
import { FakeResolver } from './fake-resolver.ts';

const zone = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'www.example.org': { CNAME: ['Host.example.org'] },
  'host.example.org': { A: ['192.0.2.1'] },
};

test('FakeResolver tells records, aliases, absence and failures apart, and what was asked', async () => {
  const dns = new FakeResolver(zone, { failures: { 'A example.org': 'timeout' }, authentic: ['host.example.org'] });
  const found = await dns.query('Example.org.', 'MX');
  assert.deepEqual(found.kind === 'found' && found.records, zone['example.org'].MX);
  const alias = await dns.query('www.example.org', 'A');
  assert.deepEqual(alias, {
    kind: 'found',
    records: ['192.0.2.1'],
    authentic: false,
    ttlS: 300,
    canonicalName: 'host.example.org',
  });
  assert.equal((await dns.query('host.example.org', 'A')).kind, 'found');
  assert.deepEqual(await dns.query('example.org', 'A'), { kind: 'failed', why: 'timeout' });
  assert.equal((await dns.query('host.example.org', 'AAAA')).kind, 'absent');
  assert.equal((await dns.query('nowhere.example', 'A')).kind, 'absent');
  assert.equal(dns.queries[0], 'MX example.org');
});

resolverContract('FakeResolver', async () => {
  const zone = {
    'host.example': { A: ['192.0.2.1', '192.0.2.2'] },
    'alias.example': { CNAME: ['host.example'] },
  };
  const failures = { 'broken.example': 'servfail', 'silent.example': 'timeout' } as const;
  return { resolver: new FakeResolver(zone, { failures }), [Symbol.asyncDispose]: () => Promise.resolve() };
});
