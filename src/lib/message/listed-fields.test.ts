import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  fieldOctets,
  listedFieldNames,
  listedFieldPlace,
  listedFields,
  listedPlaceAt,
  parseHeader,
  parseListedFields,
  type HeaderField,
} from './index.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

for (const [what, header, want, isPlain] of [
  [
    'listed fields in their order, as they stand',
    'X: 1\r\nsubject : a\r\n\tb\r\nReceived: x\r\nTo:y\r\n\r\n',
    'subject : a\r\n\tb\r\nTo:y\r\n',
    true,
  ],
  ['fields that end with LF', 'Subject: a\nFrom: b\n\r\n', 'Subject: a\nFrom: b\n', true],
  ['no empty line', 'Subject: a\r\n', 'Subject: a\r\n', false],
  ['an empty line of LF', 'Subject: a\r\n\n', 'Subject: a\r\n', false],
  ['a lone CR, which ends a field', 'Subject: a\rTo: b\r\n\r\n', 'Subject: a\rTo: b\r\n', false],
  ['NUL', 'Subject: a\0\r\n\r\n', 'Subject: a\0\r\n', false],
  ['names that begin like listed ones', 'Subjects: a\r\nSub: b\r\nTo x: c\r\n: d\r\n\r\n', '', true],
  ['many spaces before the colon', `From${' '.repeat(300)}: a\r\n\r\n`, `From${' '.repeat(300)}: a\r\n`, true],
  ['a header over 64 KiB', `To: ${'x'.repeat(70_000)}\r\n\r\n`, `To: ${'x'.repeat(70_000)}\r\n`, false],
  ['nothing', '', '', false],
  ['an empty header', '\r\n', '', true],
] as const) {
  test(`listedFields: ${what}`, () => {
    const { bytes, isPlain: plain } = listedFields(encoder.encode(header));
    assert.deepEqual([decoder.decode(bytes), plain], [want, isPlain]);
  });
}

test('listedFields of a header that was cut is not plain', () => {
  assert.equal(listedFields(encoder.encode('Subject: a\r\n\r\n'), true).isPlain, false);
});

test('listedFields copies', () => {
  const header = encoder.encode('Subject: a\r\n\r\n');
  const { bytes } = listedFields(header);
  header.fill(0);
  assert.equal(decoder.decode(bytes), 'Subject: a\r\n');
});

const piece = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '\0',
  'a',
  'é',
  'Subject',
  'from',
  'To: ',
  'Received: ',
  'x'.repeat(30),
);

test('listedFields has what parseHeader finds under the listed names, whatever the header', () => {
  const names: ReadonlySet<string> = new Set(listedFieldNames);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const header = encoder.encode(pieces.join(''));
      const show = (bytes: Uint8Array): string[] =>
        parseHeader(bytes)
          .filter(({ name }) => names.has(name))
          .map((field) => decoder.decode(bytes.subarray(field.start, field.end)));
      const { bytes } = listedFields(header);
      assert.deepEqual(show(bytes), show(header));
      assert.equal(show(bytes).join(''), decoder.decode(bytes));
      for (const { name, start } of parseHeader(header))
        assert.equal(listedPlaceAt(header, start), listedFieldPlace(name));
    }),
    { seed: 9, numRuns: 2000 },
  );
});

test('parseListedFields finds what parseHeader finds, plain or not', () => {
  const show = (fields: readonly HeaderField[]): unknown[] =>
    fields.map((field) => [field.name, field.start, field.valueStart, field.end, fieldOctets(field)]);
  const usual = fc.constantFrom('Subject: a\r\n', 'from : b\n', 'To:\r\n', 'Received: x\r\n', ' y\r\n', 'CC:é\r\n');
  let plain = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: piece }), { maxLength: 12 }),
      (pieces) => {
        const listed = listedFields(encoder.encode(`${pieces.join('')}\r\n\r\n`));
        if (listed.isPlain) plain++;
        assert.deepEqual(show(parseListedFields(listed)), show(parseHeader(listed.bytes)));
      },
    ),
    { seed: 10, numRuns: 2000 },
  );
  assert.ok(plain > 200, `${plain} of the headers were plain`);
});
