import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '#host/clock';
import { systemResolver } from '#host/dns';
import { systemRandom } from '#host/random';
import { findMailHosts, findTlsa, type MailHost, type MailHosts } from '#mail/mail-hosts';
import type { Answer } from '#ports/resolver';
import { FakeLog } from '#testing/fake-log';
import { labPrograms, startDnsLab, type DnsLab, type LabZone } from './dns-lab.ts';
import { describePeer, needs } from './programs.ts';

const signed = (...records: string[]): LabZone => ({ kind: 'zone', signatures: 'good', records });
const unsigned = (...records: string[]): LabZone => ({ kind: 'zone', signatures: 'none', records });
const mxAndA = ['@ MX 10 mx', 'mx A 127.0.0.2'];
const digest = 'ab'.repeat(32);

const zones: Record<string, LabZone> = {
  'plain.test': unsigned(...mxAndA, `_25._tcp.mx TLSA 3 1 1 ${digest}`),
  'signed.test': signed(
    ...mxAndA,
    `_25._tcp.mx TLSA 3 1 1 ${digest}`,
    '*.wild MX 5 mx',
    'alias CNAME signed.test.',
    'outside CNAME plain.test.',
    'dangling CNAME nowhere.test.',
    'hosted MX 10 mx-alias',
    'mx-alias CNAME mx',
    'secure-alias MX 10 to-plain',
    'to-plain CNAME mx.plain.test.',
    `_25._tcp.to-plain TLSA 3 1 1 ${digest}`,
    'far MX 10 mx.plain.test.',
    'half MX 10 mx.bogus-address.test.',
    'half MX 20 mx',
    'homeless MX 10 nobody',
    'sad MX 10 mx.bogus-address.test.',
  ),
  'order.test': signed(
    '@ MX 30 c',
    '@ MX 10 a',
    '@ MX 20 b',
    ...['a', 'b', 'c'].map((name, i) => `${name} A 127.0.0.${i + 2}`),
  ),
  'null.test': signed('@ MX 0 .', '@ A 127.0.0.2'),
  'implicit.test': signed('@ A 127.0.0.2', '@ AAAA ::1'),
  'ipv6.test': signed('@ MX 10 mx', 'mx AAAA ::1'),
  'empty.test': signed('@ TXT "no mail"'),
  'bogus.test': { kind: 'zone', signatures: ['MX'], records: mxAndA },
  'bogus-address.test': { kind: 'zone', signatures: ['A'], records: mxAndA },
  'bogus-denial.test': { kind: 'zone', signatures: ['NSEC'], records: ['@ A 127.0.0.2'] },
  'expired.test': { kind: 'zone', signatures: 'expired', records: mxAndA },
  'failing.test': { kind: 'failing' },
  'silent.test': { kind: 'silent' },
  'tlsa.test': signed(
    'none A 127.0.0.2',
    'pkix A 127.0.0.2',
    `_25._tcp.pkix TLSA 1 1 1 ${digest}`,
    'many A 127.0.0.2',
    ...Array.from({ length: 40 }, (_, i) => `_25._tcp.many TLSA 3 1 1 ${digest.slice(2)}${String(i + 10)}`),
    'elsewhere A 127.0.0.2',
    '_25._tcp.elsewhere CNAME _25._tcp.mx.signed.test.',
    'into-plain A 127.0.0.2',
    '_25._tcp.into-plain CNAME _25._tcp.mx.plain.test.',
    'quiet A 127.0.0.2',
    'broken A 127.0.0.2',
  ),
  '_tcp.quiet.tlsa.test': { kind: 'silent' },
  '_tcp.broken.tlsa.test': { kind: 'failing' },
  'bogus-tlsa.test': { kind: 'zone', signatures: ['TLSA'], records: [...mxAndA, `_25._tcp.mx TLSA 3 1 1 ${digest}`] },
};

/** Domain and what mail for it finds. */
const domains: readonly (readonly [string, string, string])[] = [
  ['an unsigned zone', 'plain.test', 'insecure: mx.plain.test insecure 127.0.0.2'],
  ['a signed zone', 'signed.test', 'authentic: mx.signed.test authentic 127.0.0.2'],
  ['a wildcard', 'any.wild.signed.test', 'authentic: mx.signed.test authentic 127.0.0.2'],
  ['a domain that is an alias', 'alias.signed.test', 'authentic of signed.test: mx.signed.test authentic 127.0.0.2'],
  [
    'an alias that leaves the signed',
    'outside.signed.test',
    'insecure of plain.test: mx.plain.test insecure 127.0.0.2',
  ],
  ['an alias of nothing', 'dangling.signed.test', 'none 5.1.2: the domain dangling.signed.test does not exist'],
  [
    'a mail host that is an alias',
    'hosted.signed.test',
    'authentic: mx-alias.signed.test = mx.signed.test authentic 127.0.0.2',
  ],
  ['a mail host in an unsigned zone', 'far.signed.test', 'authentic: mx.plain.test insecure 127.0.0.2'],
  [
    'mail hosts by preference',
    'order.test',
    'authentic: a.order.test authentic 127.0.0.2, b.order.test authentic 127.0.0.3, c.order.test authentic 127.0.0.4',
  ],
  ['a null MX', 'null.test', 'none 5.1.10: null.test takes no mail (null MX)'],
  ['no MX', 'implicit.test', 'none: implicit.test authentic ::1 127.0.0.2'],
  ['IPv6 only', 'ipv6.test', 'authentic: mx.ipv6.test authentic ::1'],
  ['neither MX nor address', 'empty.test', 'none 5.4.4: empty.test has neither mail hosts nor addresses'],
  [
    'a mail host without address',
    'homeless.signed.test',
    'none 5.4.4: the mail hosts of homeless.signed.test have no addresses',
  ],
  ['no such domain', 'nowhere.test', 'none 5.1.2: the domain nowhere.test does not exist'],
  ['an address literal', '[127.0.0.9]', 'none: [127.0.0.9] insecure 127.0.0.9'],
  ['an IPv6 literal', '[IPv6:::1]', 'none: [IPv6:::1] insecure ::1'],
  [
    'wrong signatures',
    'bogus.test',
    'later: looking up the mail hosts of bogus.test: the answer is not validly signed (DNSSEC: bogus)',
  ],
  [
    'wrong signatures of the absence of MX',
    'bogus-denial.test',
    'later: looking up the mail hosts of bogus-denial.test: the answer is not validly signed (DNSSEC: bogus)',
  ],
  [
    'signatures that expired',
    'expired.test',
    'later: looking up the mail hosts of expired.test: the answer is not validly signed (DNSSEC: bogus)',
  ],
  ['one of two mail hosts with a wrong signature', 'half.signed.test', 'authentic: mx.signed.test authentic 127.0.0.2'],
  [
    'mail hosts with wrong signatures only',
    'sad.signed.test',
    'later: looking up the addresses of the mail hosts of sad.signed.test: mx.bogus-address.test: the answer is not validly signed (DNSSEC: bogus)',
  ],
  [
    'a name server that fails',
    'failing.test',
    'later: looking up the mail hosts of failing.test: the name servers failed (SERVFAIL)',
  ],
  ['a name server that is silent', 'silent.test', 'later: looking up the mail hosts of silent.test: no answer in time'],
];

/** Domain, and what DANE says of its first mail host. */
const hosts: readonly (readonly [string, string, string])[] = [
  ['records of a signed zone', 'signed.test', 'usable 1 mx.signed.test'],
  ['records of an unsigned zone do not count', 'plain.test', 'none insecure mx.plain.test'],
  ['of the host that an alias leads to', 'hosted.signed.test', 'usable 1 mx.signed.test'],
  ['of an alias in a signed zone', 'secure-alias.signed.test', 'usable 1 to-plain.signed.test'],
  ['of a host in an unsigned zone', 'far.signed.test', 'none insecure mx.plain.test'],
  ['no records', 'none.tlsa.test', 'none absent none.tlsa.test'],
  ['records that do not work for SMTP', 'pkix.tlsa.test', 'unusable 1 pkix.tlsa.test'],
  ['more records than a datagram holds', 'many.tlsa.test', 'usable 40 many.tlsa.test'],
  ['records that are an alias', 'elsewhere.tlsa.test', 'usable 1 elsewhere.tlsa.test'],
  ['records that are an alias into an unsigned zone', 'into-plain.tlsa.test', 'none absent into-plain.tlsa.test'],
  ['a name server that fails', 'broken.tlsa.test', 'failed servfail broken.tlsa.test'],
  ['a name server that is silent', 'quiet.tlsa.test', 'failed timeout quiet.tlsa.test'],
  ['wrong signatures', 'bogus-tlsa.test', 'failed bogus mx.bogus-tlsa.test'],
];

describePeer('Knot signs, Unbound validates, and our look-ups', needs(...labPrograms), () => {
  let lab: DnsLab;
  /** Looked up at the same time, as some take seconds. */
  let found: ReadonlyMap<string, Promise<string>>;

  before(async () => {
    lab = await startDnsLab(zones);
    const resolver = resolverOf(lab);
    const ways = [
      ...domains.map(
        ([, domain]) => [domain, async () => showHosts(domain, await findHosts(domain, resolver))] as const,
      ),
      ...hosts.map(([, domain]) => [`dane ${domain}`, async () => showDane(await daneOf(domain, resolver))] as const),
    ];
    found = new Map(ways.map(([key, look]) => [key, look()]));
    await Promise.allSettled(found.values());
  });
  after(() => lab[Symbol.asyncDispose]());

  for (const [title, domain, want] of domains) {
    test(`findMailHosts: ${title}`, async () => assert.equal(await found.get(domain), want));
  }

  for (const [title, domain, want] of hosts) {
    test(`findTlsa: ${title}`, async () => assert.equal(await found.get(`dane ${domain}`), want));
  }

  test('systemResolver: a validating resolver that is not trusted makes nothing authentic, and bogus is not taken for true', async () => {
    const resolver = resolverOf(lab, false);
    const look = async (domain: string) => showHosts(domain, await findHosts(domain, resolver));
    assert.equal(await look('signed.test'), 'insecure: mx.signed.test insecure 127.0.0.2');
    assert.equal(
      await look('bogus.test'),
      'later: looking up the mail hosts of bogus.test: the answer is not validly signed (DNSSEC: bogus)',
    );
    assert.equal(showDane(await daneOf('signed.test', resolver)), 'none insecure mx.signed.test');
  });

  test('systemResolver: that a name does not exist is authentic in signed zones', async () => {
    const resolver = resolverOf(lab);
    const show = (answer: Answer<unknown>) =>
      `${answer.kind} ${answer.kind === 'absent' ? `${answer.why} ${answer.authentic}` : ''}`;
    assert.equal(show(await resolver.query('x.signed.test', 'A')), 'absent nxdomain true');
    assert.equal(show(await resolver.query('x.plain.test', 'A')), 'absent nxdomain false');
    assert.equal(show(await resolver.query('mx.signed.test', 'MX')), 'absent nodata true');
  });

  test('systemResolver: a server that is not there is passed over', async () => {
    const deps = { clock: systemClock, random: systemRandom, log: new FakeLog() };
    using resolver = systemResolver({ ...deps, servers: ['127.0.0.1:1', lab.server] });
    const answer = await resolver.query('signed.test', 'MX');
    assert.ok(answer.kind === 'found' && answer.authentic);
  });
});

function resolverOf(lab: DnsLab, trustAuthenticData?: boolean) {
  return systemResolver({
    servers: [lab.server],
    trustAuthenticData,
    clock: systemClock,
    random: systemRandom,
    log: new FakeLog(),
  });
}

type Resolver = ReturnType<typeof resolverOf>;

function findHosts(domain: string, resolver: Resolver): Promise<MailHosts> {
  return findMailHosts(domain, resolver, (list) => [...list]);
}

async function daneOf(domain: string, resolver: Resolver): Promise<Awaited<ReturnType<typeof findTlsa>>> {
  const mail = await findHosts(domain, resolver);
  assert.ok(mail.kind === 'hosts' && mail.hosts[0] !== undefined, mail.kind);
  return await findTlsa(mail.hosts[0], 25, resolver);
}

function showHosts(domain: string, found: MailHosts): string {
  if (found.kind === 'none') return `none ${found.status}: ${found.reason}`;
  if (found.kind === 'later') return `later: ${found.reason}`;
  const of = found.expandedDomain === domain ? '' : ` of ${found.expandedDomain}`;
  return `${found.mx}${of}: ${found.hosts.map(showHost).join(', ')}`;
}

function showHost({ name, canonicalName, addresses, isAuthentic }: MailHost): string {
  const also = canonicalName === name ? '' : ` = ${canonicalName}`;
  return `${name}${also} ${isAuthentic ? 'authentic' : 'insecure'} ${addresses.join(' ')}`;
}

function showDane({ dane, baseDomain }: Awaited<ReturnType<typeof findTlsa>>): string {
  const more = 'why' in dane ? dane.why : dane.published.length;
  return `${dane.kind} ${more} ${baseDomain}`;
}
