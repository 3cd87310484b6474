import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Parsed } from '#lib/parsed';
import {
  allowsMx,
  chooseStsRecord,
  defaultLimits,
  isRefreshDue,
  parseStsPolicy,
  parseStsRecord,
  readStsResponse,
  stsPolicyUrl,
  stsRecordName,
  type StsMode,
  type StsPolicy,
  writeStsPolicy,
  writeStsRecord,
} from './index.ts';
import { maxMaxAgeS } from './limits.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const show = <T>(result: Parsed<T>, write: (value: T) => string): string =>
  result.ok ? write(result.value) : `${result.at}: ${result.reason}`;

for (const [given, want] of [
  ['v=STSv1; id=20160831085700Z;', '20160831085700Z'],
  ['v=STSv1;id=1', '1'],
  ['v=STSv1 ; \t id=1 ; ', '1'],
  ['v=STSv1; new=thing; id=a; v2=x', 'a'],
  ['v=STSv1; id=first; id=second', 'first'],
  ['v=STSv1;', '8: the record has no id'],
  ['v=STSv1', '7: the record has no id'],
  ['', '0: v=STSv1 expected'],
  [' v=STSv1; id=1', '0: v=STSv1 expected'],
  ['V=STSv1; id=1', '0: v=STSv1 expected'],
  ['v=STSv2; id=1', '0: v=STSv1 expected'],
  ['v=STSv10; id=1', '0: v=STSv1 expected'],
  ['id=1; v=STSv1', '0: v=STSv1 expected'],
  ['v=STSv1; id=', '8: name=value expected'],
  ['v=STSv1; id=a b', '8: name=value expected'],
  ['v=STSv1; id=a-b', '8: id of 1 to 32 letters and digits expected'],
  [`v=STSv1; id=${'1'.repeat(33)}`, '8: id of 1 to 32 letters and digits expected'],
  ['v=STSv1;; id=1', '8: name=value expected'],
  ['v=STSv1; id=1; nonsense', '14: name=value expected'],
  ['v=STSv1; id=é', '8: name=value expected'],
  [`v=STSv1; id=1;${' '.repeat(3000)}`, '2048: record too long'],
] as const) {
  test(`parseStsRecord(${JSON.stringify(given.slice(0, 40))})`, () =>
    assert.equal(
      show(parseStsRecord(given), ({ id }) => id),
      want,
    ));
}

for (const [title, given, want] of [
  ['one', ['v=STSv1; id=1'], '1'],
  ['among others', ['v=spf1 -all', 'v=STSv1; id=1', 'v=STSv2; id=2'], '1'],
  ['two', ['v=STSv1; id=1', 'v=STSv1; id=1'], '0: 2 MTA-STS records in place of one'],
  ['a good and a bad one', ['v=STSv1; id=1', 'v=STSv1; oops'], '0: 2 MTA-STS records in place of one'],
  ['a bad one', ['v=STSv1; oops'], '8: name=value expected'],
  ['none', ['v=spf1 -all'], '0: no MTA-STS record'],
  ['nothing', [], '0: no MTA-STS record'],
] as const) {
  test(`chooseStsRecord: ${title} (RFC 8461 §3.1)`, () =>
    assert.equal(
      show(chooseStsRecord(given), ({ id }) => id),
      want,
    ));
}

const example = [
  'version: STSv1',
  'mode: enforce',
  'mx: mail.example.com',
  'mx: *.example.net',
  'mx: backupmx.example.com',
  'max_age: 604800',
];
const shown = ({ mode, maxAgeS, mx }: StsPolicy): string => `${mode} ${maxAgeS} ${mx.join(' ')}`;
const exampleShown = 'enforce 604800 mail.example.com *.example.net backupmx.example.com';
const policy = (...lines: string[]): string => lines.join('\n');

for (const [title, given, want] of [
  ['the example of RFC 8461 §3.2', example.join('\r\n') + '\r\n', exampleShown],
  ['LF', example.join('\n'), exampleShown],
  [
    'white space and empty lines',
    example.map((line) => `${line.replace(' ', '\t ')} \t`).join('\r\n\r\n'),
    exampleShown,
  ],
  ['any order', example.toReversed().join('\n'), 'enforce 604800 backupmx.example.com *.example.net mail.example.com'],
  ['unknown keys', policy('new.key: ünknown: x', ...example), exampleShown],
  ['keys that come twice', policy(...example, 'mode: none', 'max_age: 1', 'version: STSv2'), exampleShown],
  ['mx that comes twice', policy(...example, 'mx: MAIL.example.com.'), exampleShown],
  ['none without mx', policy('version: STSv1', 'mode: none', 'max_age: 0'), 'none 0 '],
  ['max_age above the maximum', policy('version: STSv1', 'mode: none', 'max_age: 9999999999'), 'none 31557600 '],
  [
    'an internationalised name',
    policy('version: STSv1', 'mode: testing', 'max_age: 1', 'mx: xn--bcher-kva.example'),
    'testing 1 xn--bcher-kva.example',
  ],
  ['empty', '', '0: version: STSv1 expected'],
  ['another version', policy('version: STSv2', 'mode: none', 'max_age: 0'), '0: version: STSv1 expected'],
  ['no mode', policy('version: STSv1', 'max_age: 0', 'mx: a.example'), '0: mode: enforce, testing or none expected'],
  ['case of the mode', policy('version: STSv1', 'mode: Enforce'), '0: mode: enforce, testing or none expected'],
  ['no max_age', policy('version: STSv1', 'mode: none'), '0: max_age: number of seconds expected'],
  ['negative max_age', policy('version: STSv1', 'mode: none', 'max_age: -1'), '0: max_age: number of seconds expected'],
  [
    'long max_age',
    policy('version: STSv1', 'mode: none', 'max_age: 12345678901'),
    '0: max_age: number of seconds expected',
  ],
  ['enforce without mx', policy('version: STSv1', 'mode: enforce', 'max_age: 1'), '0: no mx'],
  ['a line without a colon', policy('version: STSv1', 'hello'), '15: key: value expected'],
  ['a key with a space', policy('version : STSv1'), '0: key: value expected'],
  ['HTML', '<!doctype html>', '0: key: value expected'],
  ['mx: *', policy('version: STSv1', 'mx: *'), '15: mx is not the name of a host'],
  ['mx: *.', policy('version: STSv1', 'mx: *.'), '15: mx is not the name of a host'],
  ['mx: mail.*.example', policy('mx: mail.*.example'), '0: mx is not the name of a host'],
  ['mx with a port', policy('mx: mail.example:25'), '0: mx is not the name of a host'],
] as const) {
  test(`parseStsPolicy: ${title}`, () => assert.equal(show(parseStsPolicy(bytes(given)), shown), want));
}

test('parseStsPolicy: bounds, and bytes that are not UTF-8', () => {
  const limits = { ...defaultLimits, maxPolicyBytes: 200, maxMxPatterns: 2 };
  assert.equal(show(parseStsPolicy(bytes(example.join('\n')), limits), shown), '68: too many mx fields');
  assert.equal(show(parseStsPolicy(new Uint8Array(201), limits), shown), '200: policy too long');
  assert.equal(show(parseStsPolicy(Uint8Array.of(0xff, 0xfe), limits), shown), '0: policy is not UTF-8');
});

test('parseStsPolicy(writeStsPolicy(x)) gives back x, and the record likewise', () => {
  const mx = fc.constantFrom('a.example', '*.b.example', 'mx.c.example', 'mx_1.d.example');
  fc.assert(
    fc.property(
      fc.constantFrom<StsMode>('enforce', 'testing', 'none'),
      fc.integer({ min: 0, max: maxMaxAgeS }),
      fc.uniqueArray(mx, { minLength: 1 }),
      fc.stringMatching(/^[A-Za-z0-9]{1,32}$/),
      (mode, maxAgeS, names, id) => {
        const value = { mode, maxAgeS, mx: names };
        assert.deepEqual(parseStsPolicy(bytes(writeStsPolicy(value))), { ok: true, value });
        assert.deepEqual(parseStsRecord(writeStsRecord({ id })), { ok: true, value: { id } });
      },
    ),
    { numRuns: 50, seed: 1 },
  );
  for (const bad of [
    { mode: 'enforce', maxAgeS: 1, mx: [] },
    { mode: 'none', maxAgeS: -1, mx: [] },
    { mode: 'none', maxAgeS: maxMaxAgeS + 1, mx: [] },
    { mode: 'none', maxAgeS: 1, mx: ['a\r\nmode: none'] },
  ] as const)
    assert.throws(() => writeStsPolicy(bad), RangeError);
  assert.throws(() => writeStsRecord({ id: 'a;b' }), RangeError);
});

test('parseStsPolicy and parseStsRecord never throw', () => {
  const pieces = fc.constantFrom(
    'version: STSv1',
    'mode:',
    'mx: *.',
    '\r',
    '\n',
    'max_age: 1',
    ';',
    'v=STSv1',
    'id=',
    '=',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string())), fc.uint8Array(), (words, raw) => {
      parseStsPolicy(bytes(words.join('')));
      parseStsPolicy(raw);
      parseStsRecord(words.join(''));
      parseStsRecord(`v=STSv1;${words.join('')}`);
    }),
    { numRuns: 200, seed: 1 },
  );
});

for (const [pattern, host, want] of [
  ['*.example.com', 'mail.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'foo.bar.example.com', false],
  ['*.example.com', 'MAIL.Example.com.', true],
  ['mail.example.com', 'mail.example.com', true],
  ['mail.example.com', 'mail2.example.com', false],
  ['example.com', 'mail.example.com', false],
  ['*.example.com', '.example.com', false],
  ['*.com', 'example.com', true],
] as const) {
  test(`allowsMx: ${pattern} and ${host} (RFC 8461 §4.1)`, () =>
    assert.equal(allowsMx({ mode: 'enforce', maxAgeS: 1, mx: ['other.example', pattern] }, host), want));
}

for (const [title, status, contentType, body, want] of [
  ['good', 200, 'text/plain; charset=utf-8', example.join('\n'), 'policy'],
  ['no media type', 200, null, example.join('\n'), 'policy'],
  ['another case', 200, 'Text/Plain', example.join('\n'), 'policy'],
  ['HTML (RFC 8461 §3.2)', 200, 'text/html', example.join('\n'), 'sts-policy-invalid'],
  ['text/plainer', 200, 'text/plainer', example.join('\n'), 'sts-policy-invalid'],
  ['a redirect (RFC 8461 §3.3)', 301, 'text/plain', example.join('\n'), 'sts-policy-fetch-error'],
  ['not modified', 304, 'text/plain', '', 'sts-policy-fetch-error'],
  ['not found', 404, 'text/plain', example.join('\n'), 'sts-policy-fetch-error'],
  ['rubbish', 200, 'text/plain', 'rubbish', 'sts-policy-invalid'],
] as const) {
  test(`readStsResponse: ${title}`, () => {
    const result = readStsResponse({ status, contentType, body: bytes(body) });
    assert.equal(result.kind === 'policy' ? 'policy' : result.failure, want);
  });
}

test('stsRecordName, stsPolicyUrl, isRefreshDue', () => {
  assert.equal(stsRecordName('example.com'), '_mta-sts.example.com');
  assert.equal(stsPolicyUrl('example.com'), 'https://mta-sts.example.com/.well-known/mta-sts.txt');
  const due = (maxAgeS: number, ageS: number): boolean =>
    isRefreshDue({ id: '1', policy: { mode: 'none', maxAgeS, mx: [] }, fetchedAtMs: 0 }, ageS * 1000);
  assert.deepEqual([due(604_800, 86_399), due(604_800, 86_400)], [false, true]);
  assert.deepEqual([due(3600, 1799), due(3600, 1800)], [false, true]);
});
