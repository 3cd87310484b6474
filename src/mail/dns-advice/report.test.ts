import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleFacts, sampleZone } from '#testing/dns-advice-samples';
import { FakeClock } from '#testing/fake-clock';
import { FakeResolver } from '#testing/fake-resolver';
import { checkDomain, reportJson, writeReport, type Finding } from './index.ts';

test('writeReport: groups, fixes below, hostile text as plain ASCII', async () => {
  const hostile = 'v=DMARC1; p=none\u001b[2J\r\nERROR forged \u202e\ud83d\ude00';
  const zone = { ...sampleZone, '_dmarc.example.org': { TXT: [hostile, hostile] } };
  const resolver = new FakeResolver(zone, { authentic: ['*'] });
  const findings = await checkDomain(sampleFacts, { resolver, prober: null, clock: new FakeClock() });
  const report = reportJson('example.org', findings);
  const text = writeReport(report).join('\n');
  assert.match(text, /^[\x20-\x7e\n]*$/);
  assert.doesNotMatch(text, /^ERROR forged/m);
  assert.match(
    text,
    /^DMARC\n {2}ERROR {2}_dmarc\.example\.org TXT: there are 2 .*\\u\{1b\}\[2J.*\\u\{1f600\}.*\n {9}do: replace the 2/m,
  );
  assert.match(text, /^example\.org has 1 problem\.\n\n/);
  assert.deepEqual([report.ok, report.counts.error, report.findings[0]?.area], [false, 1, 'dmarc']);
});

test('reportJson: without a resolver nothing is said about the domain', async () => {
  const failures = { 'MX example.org': 'timeout', 'A mail.example.org': 'unavailable' } as const;
  const resolver = new FakeResolver(sampleZone, { failures });
  const findings = await checkDomain(sampleFacts, { resolver, prober: null, clock: new FakeClock() });
  const { ok, verdict, counts } = reportJson('example.org', findings);
  assert.deepEqual([ok, counts.error, findings.length], [false, 1, 1]);
  assert.equal(verdict, 'example.org could not be checked, as nothing can be looked up.');
});

for (const [levels, want] of [
  [['ok', 'note'], 'true example.org is set up well.'],
  [['ok', 'warning'], 'true example.org works, with 1 warning.'],
  [['error', 'warning', 'warning'], 'false example.org has 1 problem and 2 warnings.'],
  [['error', 'error'], 'false example.org has 2 problems.'],
] as const) {
  test(`reportJson: ${levels.join(', ')}`, () => {
    const findings = levels.map((level): Finding => ({ area: 'mx', level, subject: '', sentence: '', fix: null }));
    const { ok, verdict } = reportJson('example.org', findings);
    assert.equal(`${ok} ${verdict}`, want);
  });
}
