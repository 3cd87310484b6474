import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reverseName, parseIp } from '#lib/domain';
import { FakeClock } from '#testing/fake-clock';
import { FakeResolver, type FakeFailure, type FakeZone } from '#testing/fake-resolver';
import {
  checkDomain,
  recordsJson,
  reportJson,
  spfText,
  wantedRecords,
  writeReport,
  writeZone,
  type DomainFacts,
  type Finding,
  type HostProbe,
} from './index.ts';

const facts: DomainFacts = {
  domain: 'example.org',
  mailHost: 'mail.example.org',
  ips: ['192.0.2.1', '2001:db8::1'],
  remoteIps: [{ ip: '198.51.100.7', ehloName: 'out.example.net' }],
  spfAll: '~',
  dkim: [{ selector: 'a', record: 'v=DKIM1; k=ed25519; p=AAAA' }],
  dmarc: { policy: 'reject', rua: 'dmarc@example.org' },
  mtaSts: { policyId: '7', host: 'mail.example.org' },
  tlsRpt: { rua: 'tls@example.org' },
  tlsa: ['3 1 1 00ff'],
  ports: { submissions: 465, submission: 587, imaps: 993, imap: null },
  autoconfigHost: 'mail.example.org',
  autodiscover: { host: 'mail.example.org', port: 443 },
  caa: { issuer: 'ca.example', accountUri: 'https://ca.example/1' },
};

const reversed = (ip: string): string => {
  const parsed = parseIp(ip);
  return parsed.ok ? reverseName(parsed.value) : '';
};
const inList = (ip: string): string => `${reversed(ip).replace(/\.(?:in-addr|ip6)\.arpa$/, '')}.bl.example`;
const none = { priority: 0, weight: 0, port: 0, target: '' };
const srv = (port: number) => ({ SRV: [{ priority: 0, weight: 1, port, target: 'mail.example.org' }] });
const spf = 'v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ip4:198.51.100.7 mx ~all';

const right: FakeZone = {
  'example.org': { MX: [{ preference: 10, exchange: 'mail.example.org' }], TXT: ['other', spf] },
  'mail.example.org': {
    A: ['192.0.2.1'],
    AAAA: ['2001:db8::1'],
    TXT: ['v=spf1 a -all'],
    CAA: [{ flags: 0, tag: 'issue', value: 'ca.example; accounturi=https://ca.example/1' }],
  },
  'a._domainkey.example.org': { TXT: ['v=DKIM1; k=ed25519; p=AAAA'] },
  '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; rua=mailto:dmarc@example.org'] },
  '_mta-sts.example.org': { TXT: ['v=STSv1; id=7'] },
  'mta-sts.example.org': { CNAME: ['mail.example.org'] },
  '_smtp._tls.example.org': { TXT: ['v=TLSRPTv1; rua=mailto:tls@example.org'] },
  '_25._tcp.mail.example.org': { TLSA: [{ usage: 3, selector: 1, matching: 1, data: Uint8Array.of(0, 255) }] },
  '_submissions._tcp.example.org': srv(465),
  '_submission._tcp.example.org': srv(587),
  '_imaps._tcp.example.org': srv(993),
  '_imap._tcp.example.org': { SRV: [none] },
  '_pop3s._tcp.example.org': { SRV: [none] },
  '_pop3._tcp.example.org': { SRV: [none] },
  'autoconfig.example.org': { CNAME: ['mail.example.org'] },
  '_autodiscover._tcp.example.org': srv(443),
  [reversed('192.0.2.1')]: { PTR: ['mail.example.org'] },
  [reversed('2001:db8::1')]: { PTR: ['mail.example.org'] },
  [reversed('198.51.100.7')]: { PTR: ['out.example.net'] },
  'out.example.net': { A: ['198.51.100.7'] },
  [inList('127.0.0.2')]: { A: ['127.0.0.2'], TXT: ['test'] },
};
const good: HostProbe = { kind: 'secured', problem: null, endsMs: Date.UTC(2026, 5, 1), matchesTlsa: true };

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
    'spf error example.org TXT: does not let 198.51.100.7 send: it is "v=spf1 mx ~all", wanted is "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ip4:198.51.100.7 mx ~all"',
    'spf error 198.51.100.7 (of a transport): SPF of example.org says softfail: ~all in example.org',
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
    'spf error example.org TXT: is missing. It lists the addresses that may send mail for the domain, those of proxies included (RFC 7208).',
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
    'mta-sts warning _mta-sts.example.org TXT: differs in id: it is "v=STSv1; id=6;", wanted is "v=STSv1; id=7"',
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
    {
      zone: { '_25._tcp.mail.example.org': { TLSA: [{ usage: 3, selector: 1, matching: 1, data: Uint8Array.of(1) }] } },
    },
    'tlsa warning _25._tcp.mail.example.org TLSA: is wrong: it is 3 1 1 01, wanted is 3 1 1 00ff',
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
  [
    'CAA for others',
    {
      zone: {
        'mail.example.org': { ...right['mail.example.org'], CAA: [{ flags: 0, tag: 'issue', value: 'other.example' }] },
      },
    },
    /^caa error mail\.example\.org CAA: forbids our authority ca\.example/,
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
    { authentic: ['ietf.org'] },
    'dnssec note example.org: is not signed with DNSSEC',
    'dnssec note mail.example.org: is not signed with DNSSEC',
    'dnssec warning _25._tcp.mail.example.org TLSA: counts for nothing, as it is not signed',
  ],
  [
    'SERVFAIL',
    { failures: { 'TXT _dmarc.example.org': 'servfail' } },
    'dmarc warning _dmarc.example.org TXT: could not be looked up: the name servers fail (SERVFAIL)',
  ],
  [
    'a time-out',
    { failures: { 'SRV _imaps._tcp.example.org': 'timeout' } },
    'srv warning _imaps._tcp.example.org SRV: could not be looked up: no answer in time',
  ],
  [
    'a bogus answer',
    { failures: { 'TLSA _25._tcp.mail.example.org': 'bogus' } },
    'tlsa error _25._tcp.mail.example.org TLSA: DNSSEC validation fails: whoever validates sees nothing here',
  ],
  [
    'an unreachable host',
    { probe: { kind: 'unreachable', reason: 'connection refused' } },
    /^smtp error .*cannot be reached on port 25: connection refused/,
  ],
  ['no STARTTLS', { probe: { kind: 'noTls' } }, /^smtp warning .*offers no STARTTLS/],
  [
    'a certificate of nobody',
    { probe: { ...good, problem: 'self-signed', matchesTlsa: null } },
    /^smtp warning .*cannot be verified: self-signed/,
  ],
  ['a certificate of nobody with DANE', { probe: { ...good, problem: 'self-signed' } }],
  ['a key that TLSA does not know', { probe: { ...good, matchesTlsa: false } }, /^smtp error .*no TLSA record fits/],
  [
    'a certificate that ends soon',
    { probe: { ...good, endsMs: Date.UTC(2026, 0, 4) } },
    /^smtp warning .*ends in 3 days/,
  ],
] as const satisfies readonly (readonly [string, World, ...(string | RegExp)[]])[]) {
  test(`checkDomain: ${what}`, async () => {
    const found = show(await check(world));
    if (want.length === 0) assert.deepEqual(found, []);
    for (const wanted of want as readonly (string | RegExp)[]) {
      const isThere = found.some((line) => (typeof wanted === 'string' ? line.includes(wanted) : wanted.test(line)));
      assert.ok(isThere, `${String(wanted)} is not in\n${found.join('\n')}`);
    }
  });
}

test('checkDomain: every finding that is not good says what to do; errors come first', async () => {
  const findings = await checkDomain(facts, {
    resolver: new FakeResolver({}),
    prober: null,
    clock: new FakeClock(),
    dnsblZones: ['bl.example'],
  });
  assert.deepEqual(
    findings.filter(({ level, fix }) => level !== 'ok' && fix === null),
    [],
  );
  const ranks = findings.map(({ level }) => ['error', 'warning', 'note', 'ok'].indexOf(level));
  assert.deepEqual(
    ranks,
    ranks.toSorted((a, b) => a - b),
  );
  assert.equal(findings[0]?.level, 'error');
});

test('checkDomain: a resolver that never answers, an abort, and the limit of queries', async () => {
  const clock = new FakeClock();
  let running = 0;
  let most = 0;
  const silent = {
    query: async (_name: string, _type: string, signal?: AbortSignal) => {
      most = Math.max(most, (running += 1));
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
      throw new Error('not reached');
    },
  };
  const pending = checkDomain(facts, { resolver: silent, prober: null, clock, limits: { timeoutMs: 1000 } });
  await clock.advance(1000);
  const findings = await pending;
  assert.ok(findings.length > 10 && findings.every(({ level }) => level === 'warning' || level === 'note'));
  assert.equal(most, 8);
  const resolver = new FakeResolver(right);
  await checkDomain(facts, { resolver, prober: null, clock, limits: { maxQueries: 5 } });
  assert.equal(resolver.queries.length, 5);
  const signal = AbortSignal.abort(new Error('stopped'));
  await assert.rejects(checkDomain(facts, { resolver, prober: null, clock, signal }), /stopped/);
});

test('writeZone: names with final dots, long TXT in strings of 255 octets, quotes escaped', () => {
  const key = `v=DKIM1; n="q\\" ; p=${'A'.repeat(392)}`;
  const zone = writeZone(wantedRecords({ ...facts, dkim: [{ selector: 'b', record: key }] }));
  const line = zone.split('\n').find((text) => text.startsWith('b._domainkey')) ?? '';
  const strings = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text ?? '').replaceAll(/\\(.)/g, '$1'));
  assert.deepEqual(
    strings.map(({ length }) => length),
    [255, key.length - 255],
  );
  assert.equal(strings.join(''), key);
  assert.match(zone, /^\$TTL 300\n/);
  assert.match(zone, /^example\.org\. IN MX 10 mail\.example\.org\.$/m);
  assert.match(zone, /^_imap\._tcp\.example\.org\. IN SRV 0 0 0 \.$/m);
  assert.match(zone, /^_25\._tcp\.mail\.example\.org\. IN TLSA 3 1 1 00ff$/m);
  assert.match(zone, /^mail\.example\.org\. IN CAA 0 issue "ca\.example; accounturi=https:\/\/ca\.example\/1"$/m);
  assert.match(zone, /^; must: It says which host takes mail/m);
});

test('wantedRecords: what is not configured is not wanted; a domain that is its own mail host has one SPF record', () => {
  const bare: DomainFacts = {
    ...facts,
    mailHost: 'example.org',
    dkim: [],
    dmarc: null,
    mtaSts: null,
    tlsRpt: null,
    tlsa: [],
    autoconfigHost: null,
    autodiscover: null,
    caa: null,
  };
  const json = recordsJson(wantedRecords(bare));
  assert.deepEqual(
    json.map(({ name, type }) => `${type} ${name.replace('.example.org', '')}`),
    [
      'A example.org',
      'AAAA example.org',
      'MX example.org',
      'TXT example.org',
      'SRV _submissions._tcp',
      'SRV _imaps._tcp',
      'SRV _submission._tcp',
      'SRV _imap._tcp',
      'SRV _pop3s._tcp',
      'SRV _pop3._tcp',
    ],
  );
  assert.equal(json[3]?.zone, `example.org. IN TXT "${spfText(bare)}"`);
  assert.throws(() => wantedRecords({ ...facts, tlsa: ['3 1 1'] }), /not a TLSA record/);
});

test('writeReport: groups, fixes below, hostile text as plain ASCII', async () => {
  const hostile = 'v=DMARC1; p=none\u001b[2J\r\nERROR forged \u202e\ud83d\ude00';
  const findings = await check({ zone: txt('_dmarc.example.org', hostile, hostile) });
  const text = writeReport('example.org', findings);
  assert.match(text, /^[\x20-\x7e\n]*$/);
  assert.doesNotMatch(text, /^ERROR forged/m);
  assert.match(
    text,
    /^DMARC\n {2}ERROR {2}_dmarc\.example\.org TXT: there are 2 .*\\u\{1b\}\[2J.*\\u\{1f600\}.*\n {9}do: keep one/m,
  );
  assert.match(text, /\nexample\.org: 1 error, 0 warnings, 0 notes\.\n$/);
  assert.deepEqual(reportJson('example.org', findings).counts['error'], 1);
});
