import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { tlsaForCertificate } from '#lib/dane';
import { inList, reversed, sampleFacts, sampleSpf as spf, sampleZone, srv } from '#testing/dns-advice-samples';
import { FakeClock } from '#testing/fake-clock';
import { FakeResolver, type FakeFailure, type FakeZone } from '#testing/fake-resolver';
import { checkDomain, type DomainFacts, type Finding, type HostProbe } from './index.ts';

async function certificate(): Promise<Uint8Array> {
  const { certPem } = await makeSelfSigned({ names: ['mail.example.org'], days: 9, now: 0 });
  return new Uint8Array(new X509Certificate(certPem).raw);
}

const ours = await certificate();
const others = await certificate();
const key = tlsaForCertificate(ours);
assert.ok(key.ok);
const keyText = Buffer.from(key.value.data).toString('hex');
const facts: DomainFacts = { ...sampleFacts, tlsa: [`3 1 1 ${keyText}`] };
const right: FakeZone = { ...sampleZone, '_25._tcp.mail.example.org': { TLSA: [key.value] } };
const good = {
  kind: 'secured',
  problem: null,
  endsMs: Date.UTC(2026, 5, 1),
  chain: [ours],
} as const satisfies HostProbe;

interface World {
  readonly zone?: FakeZone;
  readonly failures?: Readonly<Record<string, FakeFailure>>;
  readonly probe?: HostProbe;
  readonly facts?: Partial<DomainFacts>;
  readonly authentic?: readonly string[];
}

async function check(world: World): Promise<Finding[]> {
  const resolver = new FakeResolver(
    { ...right, ...world.zone },
    { failures: world.failures ?? {}, authentic: world.authentic ?? ['*'] },
  );
  const prober = { probe: () => Promise.resolve(world.probe ?? good) };
  const deps = { resolver, prober, clock: new FakeClock(), dnsblZones: ['bl.example'] };
  return await checkDomain({ ...facts, ...world.facts }, deps);
}

const show = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ level }) => level !== 'ok')
    .map(({ area, level, subject, sentence }) => `${area} ${level} ${subject}: ${sentence}`);

test('checkDomain: a domain as it should be has nothing but good findings', async () => {
  const findings = await check({});
  assert.deepEqual(show(findings), []);
  assert.equal(new Set(findings.map(({ area }) => area)).size, 15);
});

const txt = (name: string, ...texts: string[]): FakeZone => ({ [name]: { ...right[name], TXT: texts } });

for (const [what, world, ...want] of [
  [
    'no MX',
    { zone: { 'example.org': { TXT: [spf] } } },
    'mx error example.org MX: is missing. It says which host takes mail for the domain (RFC 5321 section 5.1).',
  ],
  [
    'null MX',
    { zone: { 'example.org': { MX: [{ preference: 0, exchange: '' }], TXT: [spf] } } },
    'mx error example.org MX: says that the domain takes no mail (null MX, RFC 7505)',
  ],
  [
    'MX elsewhere',
    { zone: { 'example.org': { MX: [{ preference: 1, exchange: 'out.example.net' }], TXT: [spf] } } },
    'mx error example.org MX: leads elsewhere: it is out.example.net, wanted is mail.example.org',
  ],
  [
    'another MX as well',
    {
      zone: {
        'example.org': {
          MX: [
            { preference: 1, exchange: 'out.example.net' },
            { preference: 2, exchange: 'mail.example.org' },
          ],
          TXT: [spf],
        },
      },
    },
    'mx note example.org MX: names other hosts as well: out.example.net',
  ],
  [
    'null MX and others',
    {
      zone: {
        'example.org': {
          MX: [
            { preference: 0, exchange: '' },
            { preference: 10, exchange: 'mail.example.org' },
          ],
          TXT: [spf],
        },
      },
    },
    'mx error example.org MX: says that the domain takes no mail (null MX, RFC 7505), and names mail.example.org as well',
  ],
  [
    'the same MX twice',
    {
      zone: {
        'example.org': {
          MX: [
            { preference: 10, exchange: 'mail.example.org' },
            { preference: 20, exchange: 'Mail.example.org' },
          ],
          TXT: [spf],
        },
      },
    },
    'mx note example.org MX: names a host more than once',
  ],
  [
    'MX to an alias',
    {
      zone: {
        'example.org': {
          MX: [
            { preference: 10, exchange: 'mail.example.org' },
            { preference: 20, exchange: 'backup.example.org' },
          ],
          TXT: [spf],
        },
        'backup.example.org': { CNAME: ['out.example.net'] },
      },
    },
    'mx note example.org MX: names other hosts as well: backup.example.org',
    'mx error example.org MX: names backup.example.org, which is an alias (CNAME): it must not be (RFC 2181 section 10.3)',
  ],
  [
    'MX to an address',
    { zone: { 'example.org': { MX: [{ preference: 10, exchange: '192.0.2.1' }], TXT: [spf] } } },
    'mx error example.org MX: leads elsewhere: it is 192.0.2.1, wanted is mail.example.org',
    'mx error example.org MX: names 192.0.2.1, an address, where the name of a host must be (RFC 5321 section 5.1)',
  ],
  [
    'CNAME beside MX',
    { zone: { 'example.org': { ...right['example.org'], CNAME: ['web.example.net'] } } },
    'mx error example.org MX: example.org is an alias (CNAME) of web.example.net, beside which no other record counts (RFC 1034 section 3.6.2)',
  ],
  [
    'a mail host that is an alias',
    { zone: { 'mail.example.org': { ...right['mail.example.org'], CNAME: ['web.example.net'] } } },
    'mx error example.org MX: names mail.example.org, which is an alias (CNAME): it must not be (RFC 2181 section 10.3)',
  ],
  [
    'no IPv6 address',
    { zone: { 'mail.example.org': { ...right['mail.example.org'], AAAA: [] } } },
    'host error mail.example.org AAAA: is missing. Other servers connect to this address of the mail host.',
    'reverse error 2001:db8::1: is named mail.example.org, which does not lead back to it',
  ],
  [
    'a foreign address',
    { zone: { 'mail.example.org': { ...right['mail.example.org'], A: ['192.0.2.1', '192.0.2.9'] } } },
    'host warning mail.example.org A: has records that are not ours: 192.0.2.9',
  ],
  [
    'IPv6 that we have not',
    { facts: { ips: ['192.0.2.1'] } },
    'host error mail.example.org AAAA: has addresses that are not ours: 2001:db8::1',
  ],
  [
    'two SPF records',
    { zone: txt('example.org', spf, 'v=spf1 -all') },
    /^spf error example\.org TXT: there are 2 conflicting records, so receivers use none: "v=spf1 ip4.*" and "v=spf1 -all"$/,
  ],
  [
    'SPF without the proxy',
    { zone: txt('example.org', 'v=spf1 mx ~all') },
    'spf error 198.51.100.7 (of a transport): SPF of example.org says softfail: ~all in example.org',
  ],
  ['SPF with another list of the same', { zone: txt('example.org', 'v=spf1 mx ip4:198.51.100.0/24 -all') }],
  [
    'SPF with a mistake behind what matches',
    { zone: txt('example.org', 'v=spf1 mx ip4:198.51.100.7 ipv4:192.0.2.9 -all') },
    'spf error 192.0.2.1: SPF of example.org says permerror: ipv4:192.0.2.9 in the record of example.org is no SPF term',
    'spf error 2001:db8::1: SPF of example.org says permerror',
    'spf error 198.51.100.7 (of a transport): SPF of example.org says permerror',
  ],
  [
    'a proxy that says the name of the mail host, in SPF of that name',
    {
      facts: { remoteIps: [{ ip: '198.51.100.7', ehloName: 'mail.example.org' }] },
      zone: txt('mail.example.org', 'v=spf1 a ip4:198.51.100.7 -all'),
    },
    'reverse warning 198.51.100.7: is named out.example.net, but we say mail.example.org in EHLO',
  ],
  [
    'a name in EHLO that leads elsewhere',
    { zone: { 'out.example.net': { A: ['203.0.113.9'], TXT: ['v=spf1 ip4:198.51.100.7 -all'] } } },
    'host error out.example.net A: is wrong: it is 203.0.113.9, wanted is 198.51.100.7',
    'reverse error 198.51.100.7: is named out.example.net, which does not lead back to it',
  ],
  [
    'a name in EHLO with more addresses than we use',
    { zone: { 'out.example.net': { A: ['198.51.100.7', '203.0.113.9'], TXT: ['v=spf1 ip4:198.51.100.7 -all'] } } },
  ],
  [
    'SPF of the mail host that lets nobody send',
    { zone: txt('mail.example.org', 'v=spf1 -all') },
    'spf warning mail.example.org TXT: does not let 192.0.2.1, 2001:db8::1 send: it is "v=spf1 -all", wanted is "v=spf1 a -all"',
  ],
  [
    'SPF for everybody',
    { zone: txt('example.org', 'v=spf1 +all') },
    /^spf warning example\.org TXT: lets everybody send/,
  ],
  [
    'SPF without an end',
    { zone: txt('example.org', 'v=spf1 mx ip4:198.51.100.0/24') },
    /^spf warning example\.org TXT: says nothing about other senders/,
  ],
  [
    'SPF missing',
    { zone: txt('example.org', 'x') },
    'spf error example.org TXT: is missing. It lists the addresses that may send mail for the domain, those of transports included (RFC 7208).',
  ],
  [
    'no DKIM key',
    { zone: { 'a._domainkey.example.org': {} } },
    'dkim error a._domainkey.example.org TXT: is missing. Receivers check our signatures with this key (RFC 6376).',
  ],
  [
    'another DKIM key',
    { zone: txt('a._domainkey.example.org', 'k=ed25519; p=BBBB') },
    'dkim error a._domainkey.example.org TXT: has another key than ours: it is "k=ed25519; p=BBBB", wanted is "v=DKIM1; k=ed25519; p=AAAA"',
  ],
  [
    'a revoked DKIM key',
    { zone: txt('a._domainkey.example.org', 'v=DKIM1; p=') },
    'dkim error a._domainkey.example.org TXT: the key is revoked (empty p): it is "v=DKIM1; p="',
  ],
  [
    'a DKIM key for tests',
    { zone: txt('a._domainkey.example.org', 'k=ed25519; t=y; p=AA AA') },
    /^dkim warning .*marked as a test/,
  ],
  [
    'DMARC of the domain above',
    {
      facts: { domain: 'sub.example.org', dmarc: { policy: 'none', rua: null } },
      zone: { 'sub.example.org': { MX: [{ preference: 10, exchange: 'mail.example.org' }] } },
    },
    /^dmarc note _dmarc\.sub\.example\.org TXT: is missing, so that the one of example\.org counts: "v=DMARC1; p=reject/,
  ],
  [
    'two DMARC records',
    { zone: txt('_dmarc.example.org', 'v=DMARC1; p=none', 'v=DMARC1; p=reject') },
    'dmarc error _dmarc.example.org TXT: there are 2 conflicting records, so receivers use none: "v=DMARC1; p=none" and "v=DMARC1; p=reject"',
  ],
  [
    'a weaker DMARC policy',
    { zone: txt('_dmarc.example.org', 'v=DMARC1; p=none; rua=mailto:x@y.example,mailto:dmarc@example.org!10m') },
    /^dmarc warning _dmarc\.example\.org TXT: has the policy none, not reject/,
  ],
  [
    'DMARC reports elsewhere',
    { zone: txt('_dmarc.example.org', 'v=DMARC1; p=reject') },
    /^dmarc warning _dmarc\.example\.org TXT: does not ask for reports/,
  ],
  [
    'DMARC without a policy',
    { zone: txt('_dmarc.example.org', 'v=DMARC1; p=maybe') },
    /^dmarc error .*no valid policy/,
  ],
  [
    'reports of another domain that did not agree',
    {
      facts: { dmarc: { policy: 'reject', rua: 'd@reports.example' } },
      zone: txt('_dmarc.example.org', 'v=DMARC1; p=reject; rua=mailto:d@reports.example'),
    },
    'dmarc warning example.org._report._dmarc.reports.example TXT: is missing. reports.example must agree to get reports about another domain (RFC 7489 section 7.1).',
  ],
  [
    'an old MTA-STS id',
    { zone: txt('_mta-sts.example.org', 'v=STSv1; id=6;') },
    'mta-sts warning _mta-sts.example.org TXT: differs in id: it is "v=STSv1; id=6;", wanted is "v=STSv1; id=0c7edbd80dff2db3;"',
  ],
  ['mta-sts with our addresses', { zone: { 'mta-sts.example.org': { A: ['192.0.2.1'] } } }],
  [
    'mta-sts elsewhere',
    { zone: { 'mta-sts.example.org': { CNAME: ['out.example.net'] } } },
    'mta-sts warning mta-sts.example.org CNAME: is wrong: it is out.example.net., wanted is mail.example.org.',
  ],
  [
    'no TLS reports',
    { zone: { '_smtp._tls.example.org': {} } },
    'tls-rpt warning _smtp._tls.example.org TXT: is missing. Senders report here when TLS to us fails (RFC 8460).',
  ],
  [
    'another TLSA record',
    { zone: { '_25._tcp.mail.example.org': { TLSA: [{ ...key.value, data: new Uint8Array(32) }] } } },
    `tlsa warning _25._tcp.mail.example.org TLSA: is wrong: it is 3 1 1 ${'00'.repeat(32)}, wanted is 3 1 1 ${keyText}`,
    'smtp error mail.example.org (192.0.2.1): has a certificate that no TLSA record fits',
    'smtp error mail.example.org (2001:db8::1): has a certificate that no TLSA record fits',
  ],
  [
    'another TLSA record that is not signed',
    {
      zone: { '_25._tcp.mail.example.org': { TLSA: [{ ...key.value, data: new Uint8Array(32) }] } },
      authentic: ['example.org', 'mail.example.org'],
    },
    /^tlsa note /,
    /^smtp warning mail\.example\.org \(192\.0\.2\.1\): has a certificate that no TLSA record fits/,
    /^dnssec warning _25\._tcp\.mail\.example\.org TLSA: counts for nothing, as it is not signed/,
  ],
  [
    'the TLSA record of the next key as well',
    { zone: { '_25._tcp.mail.example.org': { TLSA: [key.value, { ...key.value, data: new Uint8Array(32) }] } } },
    /^tlsa note _25\._tcp\.mail\.example\.org TLSA: has records that are not ours: 3 1 1 0000/,
  ],
  [
    'no TLSA record in a zone that is not signed',
    { zone: { '_25._tcp.mail.example.org': {} }, authentic: [''] },
    /^tlsa note _25\._tcp\.mail\.example\.org TLSA: is missing\./,
  ],
  [
    'a wrong SRV port',
    { zone: { '_imaps._tcp.example.org': srv(994) } },
    'srv warning _imaps._tcp.example.org SRV: is wrong: it is 0 1 994 mail.example.org., wanted is 0 1 993 mail.example.org.',
  ],
  [
    'another SRV weight',
    {
      zone: { '_imaps._tcp.example.org': { SRV: [{ priority: 5, weight: 9, port: 993, target: 'mail.example.org' }] } },
    },
  ],
  [
    'a service that is not there',
    { zone: { '_imap._tcp.example.org': srv(143) } },
    'srv warning _imap._tcp.example.org SRV: is wrong: it is 0 1 143 mail.example.org., wanted is 0 0 0 .',
  ],
  ['a service that is not offered without a word about that', { zone: { '_imap._tcp.example.org': {} } }],
  [
    'JMAP that is offered',
    { facts: { ports: { ...facts.ports, jmap: 443 } } },
    'srv note _jmap._tcp.example.org SRV: is missing. Mail programs find the server by it (RFC 8620 section 2.2).',
  ],
  [
    'names for the web, too early',
    { facts: { servesWeb: false } },
    'mta-sts note _mta-sts.example.org TXT: is there, but this server does not serve what it leads to yet',
    'mta-sts note mta-sts.example.org CNAME: is there, but this server does not serve what it leads to yet',
    'autoconfig note autoconfig.example.org CNAME: is there, but this server does not serve what it leads to yet',
    'autoconfig note _autodiscover._tcp.example.org SRV: is there, but this server does not serve what it leads to yet',
  ],
  [
    'no names for the web, and none wanted',
    {
      facts: { servesWeb: false },
      zone: {
        '_mta-sts.example.org': {},
        'mta-sts.example.org': {},
        'autoconfig.example.org': {},
        '_autodiscover._tcp.example.org': {},
      },
    },
  ],
  [
    'two MTA-STS records',
    { zone: txt('_mta-sts.example.org', 'v=STSv1; id=1;', 'v=STSv1; id=2;') },
    /^mta-sts error .*there are 2 conflicting records/,
  ],
  [
    'TLS reports elsewhere',
    { zone: txt('_smtp._tls.example.org', 'v=TLSRPTv1; rua=https://reports.example/tls') },
    'tls-rpt note _smtp._tls.example.org TXT: sends reports elsewhere than to us: it is "v=TLSRPTv1; rua=https://reports.example/tls", wanted is "v=TLSRPTv1; rua=mailto:tls@example.org"',
  ],
  [
    'TLS reports for nobody',
    { zone: txt('_smtp._tls.example.org', 'v=TLSRPTv1') },
    'tls-rpt warning _smtp._tls.example.org TXT: differs in rua: it is "v=TLSRPTv1", wanted is "v=TLSRPTv1; rua=mailto:tls@example.org"',
  ],
  [
    'two TLSRPT records',
    { zone: txt('_smtp._tls.example.org', 'v=TLSRPTv1; rua=mailto:a@b.example', 'v=TLSRPTv1; rua=mailto:c@b.example') },
    /^tls-rpt error .*there are 2 conflicting records/,
  ],
  [
    'CAA of the domain, which forbids all',
    {
      zone: {
        'mail.example.org': { ...right['mail.example.org'], CAA: [] },
        'example.org': { ...right['example.org'], CAA: [{ flags: 0, tag: 'issue', value: ';' }] },
      },
    },
    /^caa error example\.org CAA: forbids our authority, ca\.example: it is 0 issue ";"/,
  ],
  [
    'CAA without an account, when ours is not known',
    {
      facts: { caa: { issuer: 'ca.example', accountUri: null } },
      zone: {
        'mail.example.org': { ...right['mail.example.org'], CAA: [{ flags: 0, tag: 'issue', value: 'ca.example' }] },
      },
    },
  ],
  [
    'CAA for others',
    {
      zone: {
        'mail.example.org': { ...right['mail.example.org'], CAA: [{ flags: 0, tag: 'issue', value: 'other.example' }] },
      },
    },
    /^caa error mail\.example\.org CAA: forbids our authority, ca\.example/,
  ],
  [
    'CAA for another account',
    {
      zone: {
        'mail.example.org': {
          ...right['mail.example.org'],
          CAA: [{ flags: 0, tag: 'issue', value: 'ca.example; accounturi=x' }],
        },
      },
    },
    /^caa error mail\.example\.org CAA: names another account/,
  ],
  [
    'no PTR',
    { zone: { [reversed('192.0.2.1')]: {} } },
    'reverse error 192.0.2.1: has no name (PTR): many servers take no mail from it',
  ],
  [
    'a PTR that is not confirmed',
    { zone: { [reversed('192.0.2.1')]: { PTR: ['liar.example'] } } },
    'reverse error 192.0.2.1: is named liar.example, which does not lead back to it',
  ],
  [
    'a PTR with another name',
    { zone: { [reversed('192.0.2.1')]: { PTR: ['host.example'] }, 'host.example': { A: ['192.0.2.1'] } } },
    'reverse warning 192.0.2.1: is named host.example, but we say mail.example.org in EHLO',
  ],
  [
    'a proxy with another name',
    { facts: { remoteIps: [{ ip: '198.51.100.7', ehloName: 'mail.example.org' }] } },
    'reverse warning 198.51.100.7: is named out.example.net, but we say mail.example.org in EHLO',
    'spf warning mail.example.org TXT: does not let 198.51.100.7 send',
  ],
  [
    'two PTRs',
    { zone: { [reversed('192.0.2.1')]: { PTR: ['x.example', 'mail.example.org'] } } },
    'reverse note 192.0.2.1: is named mail.example.org, which leads back to it, among 2 names',
  ],
  [
    'a listed address',
    { zone: { [inList('198.51.100.7')]: { A: ['127.0.0.4'], TXT: ['see https://bl.example/7'] } } },
    'dnsbl error 198.51.100.7: is listed by bl.example (127.0.0.4): see https://bl.example/7',
  ],
  [
    'a list that lists all',
    { zone: { [inList('127.0.0.1')]: { A: ['127.0.0.2'] } } },
    /^dnsbl note bl\.example: does not work for us: its test entries/,
  ],
  ['a list that is gone', { zone: { [inList('127.0.0.2')]: {} } }, /^dnsbl note bl\.example: does not work for us/],
  [
    'a list that refuses',
    { zone: { [inList('192.0.2.1')]: { A: ['127.255.255.254'] } } },
    /^dnsbl note 192\.0\.2\.1: could not be looked up in bl\.example/,
  ],
  ['a resolver that does not validate', { authentic: [] }, /^dnssec note resolver: does not validate DNSSEC/],
  [
    'a zone that is not signed',
    { authentic: [''] },
    /^dnssec note mail\.example\.org A, mail\.example\.org AAAA, example\.org MX, .*: not signed with DNSSEC/,
    'dnssec warning _25._tcp.mail.example.org TLSA: counts for nothing, as it is not signed',
  ],
  [
    'SERVFAIL',
    { failures: { 'TXT _dmarc.example.org': 'servfail' } },
    'dmarc warning _dmarc.example.org TXT: could not be looked up: the name servers failed (SERVFAIL)',
  ],
  [
    'a time-out',
    { failures: { 'SRV _imaps._tcp.example.org': 'timeout' } },
    'srv warning _imaps._tcp.example.org SRV: could not be looked up: no answer in time',
  ],
  [
    'SERVFAIL for what must be',
    { failures: { 'TXT example.org': 'servfail' } },
    'spf error example.org TXT: could not be looked up: the name servers failed (SERVFAIL)',
  ],
  [
    'a domain that does not exist',
    { facts: { domain: 'nowhere.example', dmarc: null } },
    'host error nowhere.example: does not exist in DNS',
  ],
  [
    'a bogus answer',
    { failures: { 'TLSA _25._tcp.mail.example.org': 'bogus' } },
    'tlsa error _25._tcp.mail.example.org TLSA: DNSSEC validation fails: whoever validates sees nothing here',
  ],
  [
    'an unreachable host',
    { probe: { kind: 'unreachable', reason: 'connection refused' } },
    /^smtp error .*cannot be reached from here on port 25: connection refused/,
  ],
  ['no STARTTLS', { probe: { kind: 'noTls' } }, /^smtp warning .*offers no STARTTLS/],
  [
    'failing TLS',
    { probe: { kind: 'tlsFailed', reason: 'handshake failure' } },
    /^smtp error .*fails at STARTTLS: handshake/,
  ],
  ['a refusal', { probe: { kind: 'refused', reply: '554 no' } }, /^smtp error .*does not take mail: 554 no/],
  [
    'a certificate of nobody',
    { probe: { ...good, problem: 'self-signed' }, zone: { '_25._tcp.mail.example.org': {} } },
    /^smtp warning .*cannot be verified: self-signed/,
  ],
  ['a certificate of nobody with DANE', { probe: { ...good, problem: 'self-signed' } }],
  ['a key that TLSA does not know', { probe: { ...good, chain: [others] } }, /^smtp error .*no TLSA record fits/],
  [
    'a certificate that ends soon',
    { probe: { ...good, endsMs: Date.UTC(2026, 0, 4) } },
    /^smtp warning .*ends in 3 days/,
  ],
  [
    'a certificate that has ended',
    {
      probe: { ...good, endsMs: Date.UTC(2025, 11, 4), problem: 'it has ended' },
      zone: { '_25._tcp.mail.example.org': {} },
    },
    /^smtp error .*has a certificate that ended 2025-12-04/,
  ],
] as const satisfies readonly (readonly [string, World, ...(string | RegExp)[]])[]) {
  test(`checkDomain: ${what}`, async () => {
    const found = show(await check(world));
    if (want.length === 0) assert.deepEqual(found, []);
    // Findings that a row does not mention must not occur: one mistake is reported once.
    if (want.every((wanted) => typeof wanted === 'string')) assert.equal(found.length, want.length, found.join('\n'));
    for (const wanted of want as readonly (string | RegExp)[]) {
      const isThere = found.some((line) => (typeof wanted === 'string' ? line.includes(wanted) : wanted.test(line)));
      assert.ok(isThere, `${String(wanted)} is not in\n${found.join('\n')}`);
    }
  });
}

const fixOf = (findings: readonly Finding[], area: string, subject: string): string => {
  const fix = findings.find((one) => one.area === area && one.subject === subject && one.level !== 'ok')?.fix;
  return fix?.kind === 'do' ? fix.text : '';
};

test('checkDomain: the remedy cures what was found', async () => {
  const noAddress = await check({ zone: { 'mail.example.org': { ...right['mail.example.org'], AAAA: [] } } });
  const missing = 'publish mail.example.org. AAAA 2001:db8::1: its PTR record is right, the address record is missing';
  assert.equal(fixOf(noAddress, 'reverse', '2001:db8::1'), missing);
  const broken = await check({ zone: txt('example.org', 'v=spf1 mx ip4:198.51.100.7 ipv4:192.0.2.9 -all') });
  assert.match(
    fixOf(broken, 'spf', '192.0.2.1'),
    /^correct the SPF record of example\.org, .*: ipv4:192\.0\.2\.9 in the record/,
  );
  const left = await check({ zone: txt('example.org', 'v=spf1 mx ~all') });
  assert.match(fixOf(left, 'spf', '198.51.100.7 (of a transport)'), /^add ip4:198\.51\.100\.7 to the SPF record/);
  const untrusted = await check({ authentic: [] });
  assert.match(fixOf(untrusted, 'dnssec', 'resolver'), /set dns\.trustAuthenticData: true in server\.yaml/);
});
