import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { isRoot } from '#host/process';
import type { DomainReportJson } from '#mail/dns-advice';
import { tempDir } from '#testing/temp-dir';
import { labPrograms, startDnsLab, type LabZone } from './dns-lab.ts';
import { describePeer, needs, run, succeed } from './programs.ts';
import { program } from './server-under-test.ts';

type Signatures = Extract<LabZone, { kind: 'zone' }>['signatures'];

/** Tests what `dns check` reports about a zone at Knot, behind Unbound, that holds what `dns records` printed. */
async function checked(signatures: Signatures): Promise<{ readonly code: number; readonly report: DomainReportJson }> {
  await using dir = await tempDir();
  const folder = dir.path;
  const pem = await makeSelfSigned({ names: ['mail.godwit.test'], days: 2, now: Date.now() });
  await writeFile(join(folder, 'cert.pem'), pem.certPem);
  await writeFile(join(folder, 'domains.yaml'), 'domains: { godwit.test: {} }\naccounts: { ann: {} }\n');
  const configure = (resolver: string): Promise<void> => writeFile(join(folder, 'server.yaml'), serverYaml(resolver));
  await configure('127.0.0.1:9');
  const dns = (...args: readonly string[]) => [program, ...args, '--config', folder];
  await succeed(process.execPath, dns('dkim', 'add', 'godwit.test', '--algorithm', 'both'));
  const { stdout: zone } = await succeed(process.execPath, dns('dns', 'records', 'godwit.test'));
  await using lab = await startDnsLab({ 'godwit.test': { kind: 'zone', records: zone.split('\n'), signatures } });
  await configure(lab.server);
  const { code, stdout } = await run(process.execPath, dns('dns', 'check', 'godwit.test', '--no-probe', '--json'));
  return { code, report: JSON.parse(stdout) as DomainReportJson };
}

const serverYaml = (resolver: string): string => `hostname: mail.godwit.test
postmaster: ann
${isRoot() ? 'user: root' : ''}
dns: { servers: ['${resolver}'] }
listeners:
  public:
    addresses: [192.0.2.1]
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    smtp: {}
    submissions: {}
    imaps: {}
`;

/** Findings that are not good; the addresses of the test have no names. */
const bad = ({ findings }: DomainReportJson): string[] =>
  findings
    .filter(({ area, level }) => area !== 'reverse' && level !== 'ok')
    .map(({ area, level, subject, sentence }) => `${area} ${level} ${subject}: ${sentence}`);

describePeer('godwit dns, with Knot and Unbound', needs(...labPrograms), () => {
  test('what is printed can be served, and is right and signed', async () => {
    const { report } = await checked('good');
    assert.deepEqual(bad(report), []);
    const dnssec = report.findings.filter(({ area }) => area === 'dnssec');
    assert.deepEqual(
      dnssec.map(({ sentence }) => sentence),
      ['signed with DNSSEC'],
    );
    assert.match(
      dnssec[0]?.subject ?? '',
      /mail\.godwit\.test A, godwit\.test MX, .*_25\._tcp\.mail\.godwit\.test TLSA/,
    );
  });

  test('a zone that is not signed', async () => {
    const { report } = await checked('none');
    const [tlsa, zone, ...more] = bad(report);
    assert.equal(tlsa, 'dnssec warning _25._tcp.mail.godwit.test TLSA: counts for nothing, as it is not signed');
    assert.match(zone ?? '', /^dnssec note mail\.godwit\.test A, .*: not signed with DNSSEC$/);
    assert.deepEqual(more, []);
  });

  test('signatures of DKIM keys and other texts that are not right', async () => {
    const { code, report } = await checked(['TXT']);
    assert.equal(code, 1);
    const lines = bad(report);
    assert.ok(lines.length >= 5, lines.join('\n'));
    for (const line of lines) assert.match(line, /^\S+ error \S+ TXT: DNSSEC validation fails/);
  });
});
