import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { Files } from '#host/files';
import type { DomainRecords, DomainReportJson } from '#mail/dns-advice';
import { DialFailed } from '#ports/dialer';
import { openServices } from '#server/assemble';
import { checkedRun, type CheckedRun } from '#testing/checked-run';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver, type FakeZone } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';

const pem = await makeSelfSigned({ names: ['mail.example.org'], days: 30, now: Date.now() });
const server = `hostname: mail.example.org
postmaster: ann
dns: { blockLists: [bl.example] }
listeners:
  public:
    addresses: [192.0.2.1]
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    smtp: {}
    imaps: {}
transports:
  proxy: { kind: socks, host: 127.0.0.1, remoteIps: [198.51.100.7], remoteHostname: out.example.net }
routes: [{ transport: proxy }]
`;

interface World {
  readonly run: CheckedRun;
  /** DNS from now on. */
  readonly setZone: (zone: FakeZone) => void;
  /** Addresses to which connections were tried. */
  readonly dialed: string[];
}

async function inWorld(body: (world: World) => Promise<void>, serverYaml = server): Promise<void> {
  await using dir = await tempDir();
  const folder = dir.path;
  await writeFile(join(folder, 'server.yaml'), serverYaml);
  await writeFile(
    join(folder, 'domains.yaml'),
    'domains: { example.org: {}, bücher.example: {} }\naccounts: { ann: {} }\n',
  );
  await writeFile(join(folder, 'cert.pem'), pem.certPem);
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files: new Files(), log: new FakeLog(), onFatal });
  await services.dkim.start();
  let zone: FakeZone = {};
  const dialed: string[] = [];
  const dial = ({ address, port }: { readonly address: string; readonly port: number }): Promise<never> => {
    dialed.push(`${address} ${port}`);
    return Promise.reject(new DialFailed('connection refused'));
  };
  const lookOutside = () => ({
    resolver: new FakeResolver(zone, { authentic: ['*'] }),
    dialer: { dial },
    ownIps: [],
    [Symbol.dispose]: () => undefined,
  });
  const isLocal = serverYaml.includes('localserve: true');
  await body({
    run: checkedRun({ ...services, ...(!isLocal && { lookOutside }) }),
    setZone: (next) => (zone = next),
    dialed,
  });
}

test('Operations dns.records: from keys, transports, listeners and certificates', () =>
  inWorld(async ({ run }) => {
    const [key] = await run('dkim.add', {
      domain: 'example.org',
      algorithm: 'ed25519',
      selector: 's',
    });
    const { records, remarks, reverse, zone } = await run('dns.records', { domain: 'Example.ORG' });
    const now = records.filter(({ importance }) => importance !== 'later');
    const values = now.map(({ name, type, value }) => `${name} ${type} ${value.replace(/[0-9a-f]{64}/, 'HASH')}`);
    assert.deepEqual(values, [
      'mail.example.org A 192.0.2.1',
      'example.org MX 10 mail.example.org.',
      'out.example.net A 198.51.100.7',
      'example.org TXT v=spf1 ip4:192.0.2.1 ip4:198.51.100.7 mx ~all',
      'mail.example.org TXT v=spf1 a -all',
      'out.example.net TXT v=spf1 ip4:198.51.100.7 -all',
      `s._domainkey.example.org TXT ${key?.key?.record}`,
      '_dmarc.example.org TXT v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org',
      '_25._tcp.mail.example.org TLSA 3 1 1 HASH',
      '_smtp._tls.example.org TXT v=TLSRPTv1; rua=mailto:postmaster@example.org',
      '_submissions._tcp.example.org SRV 0 0 0 .',
      '_imaps._tcp.example.org SRV 0 1 993 mail.example.org.',
      '_submission._tcp.example.org SRV 0 0 0 .',
      '_imap._tcp.example.org SRV 0 0 0 .',
      '_pop3s._tcp.example.org SRV 0 0 0 .',
      '_pop3._tcp.example.org SRV 0 0 0 .',
    ]);
    assert.deepEqual(reverse, [
      { ip: '192.0.2.1', name: 'mail.example.org' },
      { ip: '198.51.100.7', name: 'out.example.net' },
    ]);
    assert.deepEqual(remarks, []);
    for (const record of now) assert.ok(zone.split('\n').includes(record.zone), record.zone);
  }));

test('Operations dns.check: what is published by the words of dns.records is right', () =>
  inWorld(async ({ run, setZone, dialed }) => {
    await run('dkim.add', { domain: 'bücher.example' });
    const { records, reverse } = await run('dns.records', { domain: 'bücher.example' });
    const zone = zoneOf(records);
    for (const { ip, name } of reverse) {
      zone[`${ip.split('.').toReversed().join('.')}.in-addr.arpa`] = { PTR: [name] };
      zone[name] = { ...zone[name], A: [ip] };
    }
    zone['2.0.0.127.bl.example'] = { A: ['127.0.0.2'] };
    setZone(zone);
    const check = async (args = {}): Promise<DomainReportJson> =>
      await run('dns.check', { domain: 'xn--bcher-kva.example', ...args });
    const { ok, verdict, findings } = await check({ probe: false });
    const bad = findings.filter(({ level }) => level !== 'ok');
    assert.deepEqual([bad, ok, verdict], [[], true, 'xn--bcher-kva.example is set up well.']);
    assert.equal(findings.filter(({ area }) => area === 'dnsbl').length, 2);
    assert.deepEqual(dialed, []);
    const probed = await check({ dnsbl: [] });
    assert.deepEqual(dialed, ['192.0.2.1 25']);
    assert.equal(probed.verdict, 'xn--bcher-kva.example has 1 problem.');
    assert.equal(
      probed.findings.some(({ area }) => area === 'dnsbl'),
      false,
    );
  }));

/** Records of the types that the test has, as a zone. */
function zoneOf(records: DomainRecords['records']): Record<string, FakeZone[string]> {
  const zone: Record<string, FakeZone[string]> = {};
  for (const { name, type, value, importance } of records) {
    if (importance === 'later') continue;
    const [first = '', second = '', third = '', last = ''] = value.split(' ');
    const data: FakeZone[string] =
      type === 'MX'
        ? { MX: [{ preference: Number(first), exchange: second.slice(0, -1) }] }
        : type === 'SRV'
          ? { SRV: [{ priority: 0, weight: Number(second), port: Number(third), target: last.slice(0, -1) }] }
          : type === 'TLSA'
            ? { TLSA: [{ usage: 3, selector: 1, matching: 1, data: Uint8Array.from(Buffer.from(last, 'hex')) }] }
            : { [type]: [value] };
    zone[name] = { ...zone[name], ...data };
  }
  return zone;
}

test('Operations dns: what is refused', () =>
  inWorld(async ({ run }) => {
    for (const [command, args, reason] of [
      ['dns.records', {}, /domain is missing/],
      ['dns.records', { domain: 'a b' }, /a b is not a domain/],
      [
        'dns.check',
        { domain: 'mail.example.org' },
        /there is no domain mail\.example\.org in domains\.yaml, which has example\.org, bücher\.example/,
      ],
      ['dns.check', { domain: 'example.org', dnsbl: ['no list'] }, /no list is no name of a block list/],
      ['dns.check', { domain: 'example.org', dnsbl: Array(11).fill('bl.example') }, /at most 10 block lists/],
      ['dns.check', { domain: 'example.org', probe: 'no' }, /probe must be true or false/],
    ] as const) {
      await assert.rejects(run(command, args), reason);
    }
  }));

test('Operations dns: a development server has nothing to publish', () =>
  inWorld(async ({ run }) => {
    const reason = /development server \(localserve\).*nothing to publish or check in DNS/;
    await assert.rejects(run('dns.records', { domain: 'example.org' }), reason);
    await assert.rejects(run('dns.check', { domain: 'localhost' }), reason);
  }, 'hostname: localhost\npostmaster: ann\nlocalserve: true\nlisteners: {}\n'));
