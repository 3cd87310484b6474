import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Answer } from 'dns-packet';
import { makeSelfSigned } from '#host/certificates';
import { isRoot } from '#host/process';
import type { DomainRecords, DomainReportJson } from '#mail/dns-advice';
import { tempDir } from '#testing/temp-dir';
import { startNameServer } from '../interop/name-server.ts';
import { godwit, startGodwit, type Ended } from './program.ts';

const domains = 'domains: { example.org: {} }\naccounts: { ann: { addresses: [ann@example.org] } }\n';

interface World {
  readonly folder: string;
  /** Records of the name server, which tests change. */
  readonly zone: Record<string, Answer[]>;
  readonly dns: (...args: readonly string[]) => Promise<Ended>;
}

/** A configuration folder whose resolver is a name server of the test. */
async function inWorld(listener: string, body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const zone: Record<string, Answer[]> = {};
  await using server = await startNameServer(zone);
  const folder = dir.path;
  const pem = await makeSelfSigned({ names: ['mail.example.org'], days: 30, now: Date.now() });
  await writeFile(join(folder, 'cert.pem'), pem.certPem, { mode: 0o644 });
  await writeFile(join(folder, 'key.pem'), pem.keyPem, { mode: 0o600 });
  await writeFile(
    join(folder, 'server.yaml'),
    `hostname: mail.example.org
postmaster: ann
${isRoot() ? 'user: root\n' : ''}dns: { servers: ['127.0.0.1:${server.port}'] }
listeners: { public: { tls: { certificateFile: cert.pem, keyFile: key.pem }, ${listener} } }
transports: { proxy: { kind: socks, host: 127.0.0.1, remoteIps: [198.51.100.7], remoteHostname: out.example.net } }
routes: [{ transport: proxy }]
`,
  );
  await writeFile(join(folder, 'domains.yaml'), domains);
  await body({ folder, zone, dns: (...args) => godwit(['dns', ...args, '--config', folder]) });
}

function publish(zone: World['zone'], name: string, type: string, value: string): void {
  const words = value.split(' ');
  const [first = '', second = '', third = '', last = ''] = words.map((word) => word.replace(/\.$/, ''));
  const answer = (): Answer => {
    switch (type) {
      case 'MX':
        return { name, type, data: { preference: Number(first), exchange: second } };
      case 'SRV':
        return { name, type, data: { priority: 0, weight: Number(second), port: Number(third), target: last || '.' } };
      case 'TLSA': {
        const [usage, selector, matchingType] = [Number(first), Number(second), Number(third)];
        return { name, type, data: { usage, selector, matchingType, certificate: Buffer.from(last, 'hex') } };
      }
      case 'TXT':
        return { name, type, data: value.match(/.{1,255}/g) ?? [] };
      case 'A':
      case 'PTR':
        return { name, type, data: value };
      default:
        return assert.fail(`${type} is not expected`);
    }
  };
  (zone[name] ??= []).push(answer());
}

const firstLine = ({ output }: Ended): string => output.slice(0, output.indexOf('\n'));

test('godwit dns: records that are published as they are printed are right, and what is wrong is found, without a server', () =>
  inWorld('addresses: [192.0.2.1], smtp: {}, submissions: {}, imaps: {}', async ({ zone, dns }) => {
    const printed = await dns('records', 'example.org');
    assert.equal(printed.code, 0, printed.errors);
    assert.match(printed.output, /^; DNS records of example\.org\n/);
    assert.match(printed.output, /^example\.org\. 300 IN MX 10 mail\.example\.org\.$/m);
    assert.match(printed.output, /^example\.org\. 300 IN TXT "v=spf1 ip4:192\.0\.2\.1 ip4:198\.51\.100\.7 mx ~all"$/m);
    assert.match(printed.output, /godwit dkim add example\.org/);
    const form = await dns('records', 'example.org', '--form');
    assert.match(form.output, /^name {3}example\.org\ntype {3}MX\nvalue {2}10 mail\.example\.org\.\n/m);

    const gone = await dns('check', 'example.org', '--no-probe');
    assert.equal(gone.code, 1);
    assert.match(firstLine(gone), /^example\.org has \d+ problems and \d+ warnings?\.$/);
    assert.match(gone.output, /^ {2}ERROR {2}example\.org: does not exist in DNS\n {9}do: register it/m);

    const json = await dns('records', 'example.org', '--json');
    const { records, reverse } = JSON.parse(json.output) as DomainRecords;
    for (const { name, type, value, importance } of records)
      if (importance !== 'later') publish(zone, name, type, value);
    for (const { ip, name } of reverse) {
      publish(zone, `${ip.split('.').toReversed().join('.')}.in-addr.arpa`, 'PTR', name);
      if (name !== 'mail.example.org') publish(zone, name, 'A', ip);
    }
    const good = await dns('check', 'example.org', '--no-probe');
    assert.deepEqual([good.code, firstLine(good)], [0, 'example.org works, with 1 warning.'], good.output);
    assert.match(good.output, /^DKIM\n {2}warn {3}example\.org: mail from it is not signed$/m);
    assert.match(good.output, /^ {2}ok {5}198\.51\.100\.7 \(of a transport\): may send for example\.org: ip4:198/m);

    publish(zone, 'example.org', 'TXT', 'v=spf1 -all');
    const two = await dns('check', 'example.org', '--no-probe', '--json');
    const report = JSON.parse(two.output) as DomainReportJson;
    assert.deepEqual([two.code, report.ok, report.counts.error, report.findings[0]?.area], [1, false, 1, 'spf']);

    const other = await dns('check', 'example.net');
    const words = 'godwit: there is no domain example.net in domains.yaml, which has example.org\n';
    assert.deepEqual([other.code, other.errors], [1, words]);
  }));

test('godwit dns: asked of a running server; keys made meanwhile are known', () =>
  inWorld('addresses: [127.0.0.1], smtp: { port: 0 }', async ({ folder, zone, dns }) => {
    publish(zone, 'example.org', 'TXT', 'v=spf1 mx -all');
    await using server = await startGodwit(['serve', '--config', folder], /server\.ready/);
    assert.equal((await godwit(['dkim', 'add', 'example.org', 's1', '--config', folder])).code, 0);
    const { code, output } = await dns('check', 'example.org');
    assert.equal(code, 1);
    assert.match(
      output,
      /^ {2}ERROR {2}server\.yaml: no listener with a public address takes mail from other servers$/m,
    );
    assert.match(output, /^ {2}ERROR {2}s1\._domainkey\.example\.org TXT: is missing\./m);
    assert.match(output, /^ {9}publish: s1\._domainkey\.example\.org\. IN TXT "v=DKIM1; k=rsa; p=/m);
    assert.match(output, /^ {2}ERROR {2}198\.51\.100\.7 \(of a transport\): SPF of example\.org says fail: -all/m);
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  }));

test('godwit dns: localserve says why there is nothing to do', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'local');
  const made = await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  assert.equal(made.code, 0, made.errors);
  const { code, errors } = await godwit(['dns', 'check', 'localhost', '--config', folder]);
  assert.equal(code, 1);
  assert.match(errors, /^godwit: this is a development server \(localserve\)/);
});
