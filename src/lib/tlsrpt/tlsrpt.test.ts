import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Parsed } from '#lib/parsed';
import {
  defaultLimits,
  parseTlsReport,
  parseTlsrptRecord,
  tallyTls,
  type TlsFact,
  type TlsFailure,
  type TlsPolicy,
  tlsResults,
  writeTlsReport,
  writeTlsrptRecord,
} from './index.ts';
import { tlsReportFileName, tlsReportSubject } from './write-report.ts';
import type { TlsReport } from './types.ts';
import { chooseTlsrptRecord, tlsrptRecordName, type TlsrptRecord } from './record.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const show = (record: Parsed<TlsrptRecord>): string =>
  record.ok
    ? record.value.rua.map((uri) => (uri.kind === 'https' ? uri.url : `<${uri.address}>`)).join(' ')
    : `${record.at}: ${record.reason}`;

for (const [given, want] of [
  ['v=TLSRPTv1;rua=mailto:reports@example.com', '<reports@example.com>'],
  ['v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt', 'https://reporting.example.com/v1/tlsrpt'],
  ['v=TLSRPTv1 ; rua=mailto:a@b.example , https://c.example/?d=e ;', '<a@b.example> https://c.example/?d=e'],
  ['v=TLSRPTv1; new=thing; rua=mailto:a@b.example', '<a@b.example>'],
  ['v=TLSRPTv1; rua=mailto:a@b.example; rua=mailto:c@d.example', '<a@b.example>'],
  ['v=TLSRPTv1; rua=mailto:%22a%2Cb%22@c.example?subject=x', '<"a,b"@c.example>'],
  ['v=TLSRPTv1; rua=MAILTO:a@b.example', '<a@b.example>'],
  ['v=TLSRPTv1; rua=ftp://a.example,mailto:a@b.example', '<a@b.example>'],
  ['v=TLSRPTv1; rua=mailto:nobody,mailto:a@b.example', '<a@b.example>'],
  ['v=TLSRPTv1; rua=ftp://a.example', '31: the record has no usable mailto or https URI'],
  ['v=TLSRPTv1; rua=https://', '24: the record has no usable mailto or https URI'],
  ['v=TLSRPTv1; rua=', '11: rua is not a list of URIs'],
  ['v=TLSRPTv1; rua=mailto:a@b.example,', '11: rua is not a list of URIs'],
  ['v=TLSRPTv1; rua=mailto:a@b.example!10m', '11: rua is not a list of URIs'],
  ['v=TLSRPTv1; rua=mailto:a b@c.example', '11: rua is not a list of URIs'],
  ['v=TLSRPTv1;', '11: the record has no rua'],
  ['v=TLSRPTv1', '10: the record has no rua'],
  ['v=TLSRPTv1; oops; rua=mailto:a@b.example', '11: name=value expected'],
  ['v=TLSRPTv2; rua=mailto:a@b.example', '0: v=TLSRPTv1 expected'],
  ['v=tlsrptv1; rua=mailto:a@b.example', '0: v=TLSRPTv1 expected'],
  [`v=TLSRPTv1; rua=mailto:a@b.example;${' '.repeat(5000)}`, '4096: record too long'],
] as const) {
  test(`parseTlsrptRecord(${JSON.stringify(given.slice(0, 60))})`, () =>
    assert.equal(show(parseTlsrptRecord(given)), want));
}

test('chooseTlsrptRecord takes the only record (RFC 8460 §3)', () => {
  const good = 'v=TLSRPTv1; rua=mailto:a@b.example';
  assert.equal(show(chooseTlsrptRecord(['v=spf1 -all', good])), '<a@b.example>');
  assert.equal(show(chooseTlsrptRecord([good, good])), '0: 2 TLSRPT records in place of one');
  assert.equal(show(chooseTlsrptRecord(['v=spf1 -all'])), '0: no TLSRPT record');
  assert.equal(tlsrptRecordName('example.com'), '_smtp._tls.example.com');
});

test('parseTlsrptRecord(writeTlsrptRecord(x)) gives back x; parsing never throws', () => {
  const uri = fc.constantFrom(
    { kind: 'mailto', address: 'a@b.example' } as const,
    { kind: 'mailto', address: '"a,b;c!d e"@b.example' } as const,
    { kind: 'mailto', address: 'bücher@bücher.example' } as const,
    { kind: 'https', url: 'https://a.example/b%3Bc?d=e' } as const,
  );
  fc.assert(
    fc.property(fc.array(uri, { minLength: 1, maxLength: 5 }), fc.string(), (rua, text) => {
      assert.deepEqual(parseTlsrptRecord(writeTlsrptRecord({ rua })), { ok: true, value: { rua } });
      parseTlsrptRecord(`v=TLSRPTv1;rua=${text}`);
      parseTlsrptRecord(`v=TLSRPTv1;${text}`);
    }),
    { numRuns: 100, seed: 1 },
  );
  assert.throws(() => writeTlsrptRecord({ rua: [] }), RangeError);
  assert.throws(() => writeTlsrptRecord({ rua: [{ kind: 'https', url: 'https://a b/' }] }), RangeError);
  assert.throws(() => writeTlsrptRecord({ rua: [{ kind: 'https', url: 'ftp://a/' }] }), RangeError);
});

const sts: TlsPolicy = {
  type: 'sts',
  strings: ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
  domain: 'company-y.example',
  mxHosts: ['*.mail.company-y.example'],
};
const nothing = { sendingIp: null, mxHost: null, mxHelo: null, receivingIp: null, moreInfo: null, reasonCode: null };
const expired: TlsFailure = {
  ...nothing,
  result: 'certificate-expired',
  sendingIp: '2001:db8:abcd:0012::1',
  mxHost: 'mx1.mail.company-y.example',
};
const noTls: TlsFailure = {
  ...nothing,
  result: 'starttls-not-supported',
  sendingIp: '2001:db8:abcd:0013::1',
  mxHost: 'mx2.mail.company-y.example',
  receivingIp: '203.0.113.56',
};
const other: TlsFailure = {
  ...nothing,
  result: 'validation-failure',
  sendingIp: '198.51.100.62',
  receivingIp: '203.0.113.58',
  mxHost: 'mx-backup.mail.company-y.example',
  reasonCode: 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
};
/** The example of RFC 8460 appendix B. */
const example: TlsReport = {
  organization: 'Company-X',
  contact: 'sts-reporting@company-x.example',
  reportId: '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
  startMs: Date.UTC(2016, 3, 1),
  endMs: Date.UTC(2016, 3, 1, 23, 59, 59),
  policies: [
    {
      policy: sts,
      successes: 5326,
      failures: 303,
      details: [
        { ...expired, sessions: 100 },
        { ...noTls, sessions: 200 },
        { ...other, sessions: 3 },
      ],
    },
  ],
};

function exampleFacts(): TlsFact[] {
  const fact = (sessions: number, ...failures: TlsFailure[]): TlsFact => ({ policy: { ...sts }, failures, sessions });
  return [fact(5000), fact(60, expired), fact(200, noTls), fact(40, { ...expired }), fact(326), fact(3, other)];
}

test('tallyTls adds up by policy and by kind of failure (RFC 8460 §4)', () => {
  assert.deepEqual(tallyTls(exampleFacts()), example.policies);
  const tlsa: TlsPolicy = { type: 'tlsa', strings: ['3 1 1 00'], domain: 'mx.example', mxHosts: [] };
  const [, both] = tallyTls([
    { policy: sts, failures: [] },
    { policy: tlsa, failures: [expired, other] },
  ]);
  assert.deepEqual([both?.failures, both?.details.map(({ sessions }) => sessions)], [1, [1, 1]]);
  const [few] = tallyTls(exampleFacts(), { ...defaultLimits, maxDetails: 1 });
  assert.deepEqual([few?.failures, few?.details.length], [303, 1]);
  assert.deepEqual(tallyTls([]), []);
});

test('writeTlsReport writes the example of RFC 8460 appendix B', () => {
  assert.deepEqual(JSON.parse(writeTlsReport(example)), {
    'organization-name': 'Company-X',
    'date-range': { 'start-datetime': '2016-04-01T00:00:00Z', 'end-datetime': '2016-04-01T23:59:59Z' },
    'contact-info': 'sts-reporting@company-x.example',
    'report-id': '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
    policies: [
      {
        policy: {
          'policy-type': 'sts',
          'policy-string': ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
          'policy-domain': 'company-y.example',
          'mx-host': ['*.mail.company-y.example'],
        },
        summary: { 'total-successful-session-count': 5326, 'total-failure-session-count': 303 },
        'failure-details': [
          {
            'result-type': 'certificate-expired',
            'sending-mta-ip': '2001:db8:abcd:0012::1',
            'receiving-mx-hostname': 'mx1.mail.company-y.example',
            'failed-session-count': 100,
          },
          {
            'result-type': 'starttls-not-supported',
            'sending-mta-ip': '2001:db8:abcd:0013::1',
            'receiving-mx-hostname': 'mx2.mail.company-y.example',
            'receiving-ip': '203.0.113.56',
            'failed-session-count': 200,
          },
          {
            'result-type': 'validation-failure',
            'sending-mta-ip': '198.51.100.62',
            'receiving-mx-hostname': 'mx-backup.mail.company-y.example',
            'receiving-ip': '203.0.113.58',
            'failed-session-count': 3,
            'failure-reason-code': 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
          },
        ],
      },
    ],
  });
});

test('parseTlsReport(writeTlsReport(x)) gives back x', () => {
  assert.deepEqual(parseTlsReport(bytes(writeTlsReport(example))), { ok: true, value: example });
  const text = fc.stringMatching(/^[ -~]{1,20}$/);
  const maybe = fc.option(text);
  const plain = { noNullPrototype: true };
  const count = fc.nat();
  const detail = fc.record(
    {
      result: fc.constantFrom(...tlsResults),
      sendingIp: maybe,
      mxHost: maybe,
      mxHelo: maybe,
      receivingIp: maybe,
      moreInfo: maybe,
      reasonCode: maybe,
      sessions: count,
    },
    plain,
  );
  const policy = fc.record(
    {
      type: fc.constantFrom('sts' as const, 'tlsa' as const, 'no-policy-found' as const),
      strings: fc.array(text),
      domain: fc.constantFrom('a.example', 'xn--bcher-kva.example'),
      mxHosts: fc.array(text),
    },
    plain,
  );
  const tally = fc.record(
    { policy, successes: count, failures: count, details: fc.array(detail, { maxLength: 3 }) },
    plain,
  );
  fc.assert(
    fc.property(text, text, fc.array(tally, { maxLength: 3 }), fc.nat(), (organization, reportId, policies, startS) => {
      const startMs = startS * 1000;
      const value = { organization, contact: 'a@b.example', reportId, startMs, endMs: startMs + 86_400_000, policies };
      assert.deepEqual(parseTlsReport(bytes(writeTlsReport(value))), { ok: true, value });
    }),
    { numRuns: 50, seed: 1 },
  );
});

type Json = { [key: string]: unknown };
const changed = (change: (report: Json, policy: Json) => void): string => {
  const json = JSON.parse(writeTlsReport(example)) as Json & { policies: Json[] };
  change(json, json.policies[0] ?? {});
  return JSON.stringify(json);
};

for (const [title, given, want] of [
  ['nothing', '', 'report is not JSON'],
  ['no JSON', '{"policies":', 'report is not JSON'],
  ['deep nesting', '['.repeat(200_000), 'report is not JSON'],
  ['null', 'null', 'report is missing'],
  ['a list', '[]', 'report is missing'],
  ['no dates', '{}', 'date-range is missing'],
  ['a bad date', changed((r) => (r['date-range'] = { 'start-datetime': 'now' })), 'start-datetime is not a date-time'],
  ['no policies', changed((r) => (r['policies'] = {})), 'policies is missing'],
  ['too many policies', changed((r) => (r['policies'] = Array(2000).fill(0))), '2000 policies are too many'],
  ['no id', changed((r) => (r['report-id'] = '')), 'report-id is missing'],
  ['a policy that is none', changed((r) => (r['policies'] = ['x'])), 'policy is missing'],
  ['no summary', changed((_, p) => delete p['summary']), 'summary is missing'],
  ['an unknown policy', changed((_, p) => (p['policy'] = { 'policy-type': 'dnssec' })), 'policy-type is unknown'],
  ['no domain', changed((_, p) => (p['policy'] = { 'policy-type': 'sts' })), 'policy-domain is missing'],
  [
    'negative counts',
    changed((_, p) => (p['summary'] = { 'total-successful-session-count': -1 })),
    'total-successful-session-count is not a count',
  ],
  [
    'a huge count',
    changed((_, p) => (p['summary'] = { 'total-successful-session-count': 1e30 })),
    'total-successful-session-count is not a count',
  ],
  ['details that are no list', changed((_, p) => (p['failure-details'] = 1)), 'failure-details is not a list'],
  ['a detail without its kind', changed((_, p) => (p['failure-details'] = [{}])), 'result-type is missing'],
] as const) {
  test(`parseTlsReport: ${title}`, () => {
    const report = parseTlsReport(bytes(given));
    assert.equal(report.ok ? 'ok' : report.reason, want);
  });
}

test('parseTlsReport forgives what senders do: one text for a list, counts as text, details left out, unknown kinds', () => {
  const report = parseTlsReport(
    bytes(
      changed((r, p) => {
        r['contact-info'] = undefined;
        p['policy'] = { 'policy-type': 'sts', 'policy-domain': 'A.Example', 'mx-host': '*.a.example' };
        p['summary'] = { 'total-successful-session-count': '7', 'total-failure-session-count': 0 };
        p['failure-details'] = [{ 'result-type': `new\u0007kind${'x'.repeat(2000)}`, 'failed-session-count': 1 }];
      }),
    ),
  );
  assert.ok(report.ok);
  const [tally] = report.value.policies;
  assert.deepEqual(tally?.policy, { type: 'sts', strings: [], domain: 'a.example', mxHosts: ['*.a.example'] });
  assert.equal(tally?.successes, 7);
  assert.equal(tally?.details[0]?.result.length, 1000);
  assert.ok(tally?.details[0]?.result.startsWith('new kind'));
  assert.equal(report.value.contact, '');
});

test('parseTlsReport never throws, and takes no more than it is told', () => {
  fc.assert(
    fc.property(fc.json(), fc.uint8Array(), (json, raw) => {
      parseTlsReport(bytes(json));
      parseTlsReport(raw);
      parseTlsReport(
        bytes(
          changed((_, p) =>
            Object.assign(p, { policy: JSON.parse(json) as unknown, summary: JSON.parse(json) as unknown }),
          ),
        ),
      );
    }),
    { numRuns: 100, seed: 1 },
  );
  const limits = { ...defaultLimits, maxReportBytes: 10 };
  assert.deepEqual(parseTlsReport(bytes('{"a": [1, 2]}'), limits), { ok: false, at: 10, reason: 'report too long' });
});

test('tlsReportFileName and tlsReportSubject: RFC 8460 §5.1, §5.3', () => {
  const naming = {
    submitter: 'mail.sndr.example.com',
    policyDomain: 'example.net',
    startMs: 1_470_013_207_000,
    endMs: 1_470_186_007_000,
    uniqueId: '001',
  };
  assert.equal(tlsReportFileName(naming), 'mail.sndr.example.com!example.net!1470013207!1470186007!001.json.gz');
  assert.equal(
    tlsReportSubject(naming, '735ff.e317+bf22029@mailexample.net'),
    'Report Domain: example.net Submitter: mail.sndr.example.com Report-ID: <735ff.e317+bf22029@mailexample.net>',
  );
});
