import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeResolver } from '#testing/fake-resolver';
import { findMailHosts, type MailHosts } from './index.ts';

const mx = (preference: number, exchange: string) => ({ preference, exchange });
const zone = {
  'mx1.example': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] },
  'mx2.example': { A: ['192.0.2.2'] },
  'mx3.example': { CNAME: ['mx2.example'] },
  'two.example': { MX: [mx(20, 'mx2.example'), mx(10, 'mx1.example')] },
  'equal.example': { MX: [mx(5, 'mx1.example'), mx(5, 'mx2.example'), mx(1, 'mx3.example')] },
  'again.example': { MX: [mx(5, 'mx2.example'), mx(9, 'mx2.example')] },
  'partly.example': { MX: [mx(5, 'gone.example'), mx(9, 'broken.example'), mx(20, 'mx2.example')] },
  'shaky.example': { MX: [mx(5, 'gone.example'), mx(9, 'broken.example')] },
  'dead.example': { MX: [mx(5, 'gone.example')] },
  'null.example': { MX: [mx(0, '')] },
  'own.example': { A: ['192.0.2.9'] },
  'text.example': { TXT: ['no mail'] },
  'alias.example': { CNAME: ['two.example'] },
};
const failures = { 'broken.example': 'servfail', 'A slow.example': 'timeout', 'AAAA slow.example': 'timeout' } as const;

function show(found: MailHosts): string {
  if (found.kind === 'later') return `later: ${found.reason}`;
  if (found.kind === 'none') return `${found.status}: ${found.reason}`;
  return found.hosts.map(({ name, addresses }) => `${name} ${addresses.join(' ')}`).join(', ');
}

for (const [domain, want] of [
  ['two.example', 'mx1.example 2001:db8::1 192.0.2.1, mx2.example 192.0.2.2'],
  ['equal.example', 'mx3.example 192.0.2.2, mx2.example 192.0.2.2, mx1.example 2001:db8::1 192.0.2.1'],
  ['again.example', 'mx2.example 192.0.2.2'],
  ['partly.example', 'mx2.example 192.0.2.2'],
  ['alias.example', 'mx1.example 2001:db8::1 192.0.2.1, mx2.example 192.0.2.2'],
  ['own.example', 'own.example 192.0.2.9'],
  ['[192.0.2.7]', '[192.0.2.7] 192.0.2.7'],
  ['[IPv6:2001:db8::7]', '[IPv6:2001:db8::7] 2001:db8::7'],
  ['[tag:what]', '5.1.2: [tag:what] is not an address that can be reached'],
  ['null.example', '5.1.10: null.example takes no mail (null MX)'],
  ['nowhere.example', '5.1.2: the domain nowhere.example does not exist'],
  ['text.example', '5.4.4: text.example has neither mail hosts nor addresses'],
  ['dead.example', '5.4.4: the mail hosts of dead.example have no addresses'],
  [
    'shaky.example',
    'later: looking up the addresses of the mail hosts of shaky.example: broken.example: the name servers failed (SERVFAIL)',
  ],
  ['broken.example', 'later: looking up the mail hosts of broken.example: the name servers failed (SERVFAIL)'],
] as const) {
  test(`findMailHosts(${domain})`, async () => {
    const resolver = new FakeResolver(zone, { failures });
    // Not random here: the last becomes the first.
    assert.equal(show(await findMailHosts(domain, resolver, (list) => list.toReversed())), want);
  });
}

test('findMailHosts looks at 16 hosts and 8 addresses of each at the most, and stops when told', async () => {
  const many = Array.from({ length: 40 }, (_, i) => mx(i, `h${i}.example`));
  const addresses = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`);
  const resolver = new FakeResolver({
    'many.example': { MX: many },
    ...Object.fromEntries(many.map(({ exchange }) => [exchange, { A: addresses }])),
  });
  const found = await findMailHosts('many.example', resolver, (list) => [...list]);
  assert.ok(found.kind === 'hosts');
  assert.deepEqual([found.hosts.length, found.hosts[0]?.addresses.length], [16, 8]);
  const stopped = AbortSignal.abort(new Error('stopped'));
  await assert.rejects(
    findMailHosts('many.example', resolver, (list) => [...list], stopped),
    /stopped/,
  );
});
