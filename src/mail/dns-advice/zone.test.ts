import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleFacts as facts, sampleSpf } from '#testing/dns-advice-samples';
import type { DomainFacts } from './facts.ts';
import { wantedRecords } from './wanted.ts';
import { domainRecords } from './zone.ts';

test('domainRecords: absolute names with a TTL, long TXT in strings of 255 octets, quotes escaped', () => {
  const key = `v=DKIM1; n="q\\" ; p=${'A'.repeat(392)}`;
  const { zone } = domainRecords({ ...facts, dkim: [{ selector: 'b', record: key }] }, []);
  const line = zone.split('\n').find((text) => text.startsWith('b._domainkey')) ?? '';
  const strings = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text ?? '').replaceAll(/\\(.)/g, '$1'));
  assert.deepEqual(
    strings.map(({ length }) => length),
    [255, key.length - 255],
  );
  assert.equal(strings.join(''), key);
  assert.match(zone, /^example\.org\. 300 IN MX 10 mail\.example\.org\.$/m);
  assert.match(zone, /^_imap\._tcp\.example\.org\. 300 IN SRV 0 0 0 \.$/m);
  assert.match(zone, /^_25\._tcp\.mail\.example\.org\. 300 IN TLSA 3 1 1 00ff$/m);
  assert.match(zone, /^mail\.example\.org\. 300 IN CAA 0 issue "ca\.example; accounturi=https:\/\/ca\.example\/1"$/m);
  assert.match(zone, /^; must: It says which host takes mail/m);
  assert.match(
    zone,
    /^; {5}192\.0\.2\.1 is mail\.example\.org: 1\.2\.0\.192\.in-addr\.arpa\. IN PTR mail\.example\.org\.$/m,
  );
  assert.match(
    zone,
    /^; In other zones than that of example\.org:\n\n.*\nout\.example\.net\. 300 IN A 198\.51\.100\.7$/m,
  );
  assert.match(zone, /^out\.example\.net\. 300 IN TXT "v=spf1 ip4/m);
  assert.match(
    zone,
    /^; The MTA-STS policy, https:\/\/mta-sts\.example\.org.*\n; {5}version: STSv1\n; {5}mode: testing$/m,
  );
  assert.match(zone, /^autoconfig\.example\.org\. 300 IN CNAME/m);
});

test('domainRecords: names in EHLO elsewhere have the addresses and the SPF that confirm them, with the same word in all views', () => {
  const remoteIps = [
    { ip: '198.51.100.7', ehloName: 'out.example.org' },
    { ip: '2001:db8::7', ehloName: 'out.example.org' },
    { ip: '198.51.100.8', ehloName: 'mail.example.org' },
  ];
  const { zone, records } = domainRecords({ ...facts, remoteIps }, []);
  const out = records.filter(({ name }) => name === 'out.example.org');
  assert.deepEqual(
    out.map(({ type, value, importance }) => `${importance} ${type} ${value}`),
    ['must A 198.51.100.7', 'must AAAA 2001:db8::7', 'should TXT v=spf1 ip4:198.51.100.7 ip6:2001:db8::7 -all'],
  );
  for (const { zone: line, importance } of out) {
    const above = zone
      .slice(0, zone.indexOf(line))
      .split('\n')
      .findLast((text) => text.startsWith(';'));
    assert.ok(above?.startsWith(`; ${importance}: `), line);
  }
  assert.deepEqual(
    records.filter(({ name, type }) => name === 'mail.example.org' && type === 'A').map(({ value }) => value),
    ['192.0.2.1'],
  );
});

test('domainRecords: what a web server is needed for is a comment until there is one; remarks are comments of plain ASCII', () => {
  const sentence = 'is \u001b[2Jodd\nevil.example. IN A 192.0.2.66';
  const remark = { area: 'spf', level: 'warning', subject: 'x', sentence, fix: null } as const;
  const { zone, records } = domainRecords({ ...facts, servesWeb: false }, [remark]);
  const lines = zone.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  const now = records.filter(({ importance }) => importance !== 'later');
  assert.deepEqual(lines.toSorted(), now.map((record) => record.zone).toSorted());
  assert.equal(records.length - now.length, 4);
  assert.match(zone, /^; _mta-sts\.example\.org\. 300 IN TXT "v=STSv1; id=[0-9a-f]{16};"$/m);
  assert.match(zone, /^; {3}warn {3}x: is \\u\{1b\}\[2Jodd\\u\{a\}evil\.example/m);
});

test('wantedRecords: what is not configured is not wanted; a domain that is its own mail host has one SPF record', () => {
  const bare: DomainFacts = {
    ...facts,
    mailHost: 'example.org',
    remoteIps: [{ ip: '198.51.100.7', ehloName: 'example.org' }],
    dkim: [],
    dmarc: null,
    tlsRpt: null,
    tlsa: [],
    servesWeb: false,
    caa: null,
  };
  const wanted = wantedRecords(bare).filter(({ importance }) => importance !== 'later');
  assert.deepEqual(
    wanted.map(({ name, type }) => `${type} ${name.replace('.example.org', '')}`),
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
  assert.equal(wanted[3]?.value, sampleSpf);
  assert.throws(() => wantedRecords({ ...facts, tlsa: ['3 1 1'] }), /not a TLSA record/);
});

for (const [what, remoteIps, ...want] of [
  ['none', [], 'mail.example.org v=spf1 a -all'],
  [
    'with our name',
    [{ ip: '198.51.100.7', ehloName: 'mail.example.org' }],
    'mail.example.org v=spf1 a ip4:198.51.100.7 -all',
  ],
  [
    'with its own name',
    [{ ip: '2001:db8::7', ehloName: 'out.example.net' }],
    'mail.example.org v=spf1 a -all',
    'out.example.net v=spf1 ip6:2001:db8::7 -all',
  ],
] as const) {
  test(`wantedRecords: SPF of names in EHLO, other addresses: ${what}`, () => {
    const spf = wantedRecords({ ...facts, remoteIps }).filter(
      ({ area, name }) => area === 'spf' && name !== facts.domain,
    );
    assert.deepEqual(
      spf.map(({ name, value }) => `${name} ${value}`),
      want,
    );
  });
}

test('wantedRecords: the id of MTA-STS changes with the policy only', () => {
  const idOf = (changed: Partial<DomainFacts>): string | undefined =>
    wantedRecords({ ...facts, ...changed }).find(({ name }) => name === '_mta-sts.example.org')?.value;
  assert.equal(idOf({}), idOf({ tlsa: [], ips: [] }));
  assert.notEqual(idOf({}), idOf({ mailHost: 'mx.example.org' }));
});
