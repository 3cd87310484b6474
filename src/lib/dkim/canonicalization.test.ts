import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseHeader } from '#lib/message';
import { pushInPieces } from '#testing/dkim-samples';
import { bodyCanonicalizer } from './body-canonicalizer.ts';
import { BodyHasher } from './body-hash.ts';
import { canonicalField } from './canonical-field.ts';
import { type Canonicalization, parseCanonicalizations } from './canonicalization.ts';
import { HeaderCollector } from './header-collector.ts';

const encoder = new TextEncoder();

function body(kind: Canonicalization, text: string, cuts: readonly number[] = []): string {
  let out = '';
  const decoder = new TextDecoder('latin1');
  const canonicalizer = bodyCanonicalizer(kind, (bytes) => (out += decoder.decode(bytes)));
  pushInPieces(canonicalizer, text, cuts);
  canonicalizer.finish();
  return out;
}

const everyOctet = (text: string): number[] => Array.from(text, (_, i) => i);

for (const [title, given, simple, relaxed] of [
  ['no body', '', '\r\n', ''],
  ['only line breaks', '\r\n\r\n\r\n', '\r\n', ''],
  ['only blanks', ' \t \r\n \r\n', ' \t \r\n \r\n', ''],
  ['only blanks, no line break', ' ', ' \r\n', ''],
  ['no line break at the end', 'a', 'a\r\n', 'a\r\n'],
  ['empty lines at the end', 'a\r\n\r\n\r\n', 'a\r\n', 'a\r\n'],
  ['blank lines at the end', 'a\r\n \r\n\t\r\n', 'a\r\n \r\n\t\r\n', 'a\r\n'],
  ['empty lines inside', 'a\r\n\r\n\r\nb\r\n', 'a\r\n\r\n\r\nb\r\n', 'a\r\n\r\n\r\nb\r\n'],
  ['empty lines before', '\r\n\r\nb\r\n', '\r\n\r\nb\r\n', '\r\n\r\nb\r\n'],
  ['the example of RFC 6376 §3.4.5', ' C \r\nD \t E\r\n\r\n\r\n', ' C \r\nD \t E\r\n', ' C\r\nD E\r\n'],
  ['bare LF', 'a\n\nb\n\n', 'a\r\n\r\nb\r\n', 'a\r\n\r\nb\r\n'],
  ['bare CR', 'a\rb\r', 'a\rb\r\r\n', 'a\rb\r\r\n'],
  ['CR CR LF', 'a\r\r\n', 'a\r\r\n', 'a\r\r\n'],
  ['blanks beside a bare CR', 'a \r b', 'a \r b\r\n', 'a \r b\r\n'],
  ['a blank at the end', 'a ', 'a \r\n', 'a\r\n'],
] as const) {
  test(`bodyCanonicalizer: ${title}`, () => {
    for (const cuts of [[], everyOctet(given)]) {
      assert.equal(body('simple', given, cuts), simple);
      assert.equal(body('relaxed', given, cuts), relaxed);
    }
  });
}

/** RFC 6376 §3.4.3 and §3.4.4 as one would say it, for small texts. */
function plainly(kind: Canonicalization, text: string): string {
  let lines = text.replace(/\r?\n/g, '\n');
  if (kind === 'relaxed')
    lines = lines.replace(/[ \t]+$/gm, (blanks, at: number) => (lines[at + blanks.length] === '\r' ? blanks : ''));
  if (kind === 'relaxed') lines = lines.replace(/[ \t]+/g, ' ');
  lines = lines.replace(/\n+$/, '');
  if (kind === 'relaxed' && lines === '') return '';
  return `${lines}\n`.replaceAll('\n', '\r\n');
}

test('bodyCanonicalizer does not care how the body is cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '\r\n', '\r\n', '\n', '\r'), maxLength: 40 });
  const kinds = fc.constantFrom<Canonicalization>('simple', 'relaxed');
  fc.assert(
    fc.property(kinds, text, fc.array(fc.nat(60)), (kind, given, cuts) => {
      assert.equal(body(kind, given, cuts), plainly(kind, given));
    }),
    { numRuns: 2000, seed: 6376 },
  );
});

test('bodyCanonicalizer passes large bodies on in pieces', () => {
  const line = 'Some  words \t of a body.\r\n';
  const text = `${line.repeat(5000)}${'\r\n'.repeat(5000)}end${'\r\n'.repeat(5000)}`;
  assert.equal(body('simple', text, [7, 70_000]), `${line.repeat(5000)}${'\r\n'.repeat(5000)}end\r\n`);
  for (const [lines, want] of [
    ['a\n', 'a\r\n'],
    ['\n\na', '\r\n\r\na'],
    ['a \r', 'a \r'],
  ] as const) {
    const end = want.endsWith('\n') ? '' : '\r\n';
    assert.equal(body('relaxed', lines.repeat(30_000)), want.repeat(30_000) + end);
    assert.equal(body('simple', lines.repeat(30_000)), want.repeat(30_000) + end);
  }
  assert.equal(body('relaxed', text), `${'Some words of a body.\r\n'.repeat(5000)}${'\r\n'.repeat(5000)}end\r\n`);
});

for (const [kind, hash] of [
  ['simple', 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY='],
  ['relaxed', '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='],
] as const) {
  test(`BodyHasher gives the hash of RFC 6376 for an empty body, ${kind}`, () => {
    const hasher = new BodyHasher();
    const result = hasher.add(kind);
    hasher.finish();
    assert.deepEqual(Buffer.from(result().digest).toString('base64'), hash);
  });
}

test('BodyHasher stops at its limits, and tells the whole length', () => {
  const hasher = new BodyHasher();
  const results = [hasher.add('relaxed', 4), hasher.add('relaxed', 4), hasher.add('relaxed'), hasher.add('relaxed', 0)];
  pushInPieces(hasher, 'ab cd\r\nef', [1, 2, 5]);
  hasher.finish();
  const want = ['ab c', 'ab c', 'ab cd\r\nef\r\n', ''].map((text) => createHash('sha256').update(text).digest('hex'));
  assert.deepEqual(
    results.map((result) => Buffer.from(result().digest).toString('hex')),
    want,
  );
  assert.equal(results[0]?.().canonicalBytes, 11);
});

function header(kind: Canonicalization, text: string): string[] {
  const decoder = new TextDecoder('latin1');
  return parseHeader(encoder.encode(text)).map((field) => decoder.decode(canonicalField(field, kind)));
}

for (const [title, given, simple, relaxed] of [
  [
    'the example of RFC 6376 §3.4.5',
    'A: X\r\nB : Y\t\r\n\tZ  \r\n',
    ['A: X\r\n', 'B : Y\t\r\n\tZ  \r\n'],
    ['a:X\r\n', 'b:Y Z\r\n'],
  ],
  ['a name in capitals', 'SUBJect: AbC\r\n', ['SUBJect: AbC\r\n'], ['subject:AbC\r\n']],
  ['an empty value', 'A:\r\nB: \r\n', ['A:\r\n', 'B: \r\n'], ['a:\r\n', 'b:\r\n']],
  ['folding right after the colon', 'A:\r\n  x\r\n', ['A:\r\n  x\r\n'], ['a:x\r\n']],
  ['no line break at the end', 'A: x', ['A: x\r\n'], ['a:x\r\n']],
  ['bare LF', 'A: x\n y\nB: z\n', ['A: x\r\n y\r\n', 'B: z\r\n'], ['a:x y\r\n', 'b:z\r\n']],
  ['bare CR', 'A: x\rB: z\r', ['A: x\r\n', 'B: z\r\n'], ['a:x\r\n', 'b:z\r\n']],
  ['a colon in the value', 'A: b : c\r\n', ['A: b : c\r\n'], ['a:b : c\r\n']],
] as const) {
  test(`canonicalField: ${title}`, () => {
    assert.deepEqual(header('simple', given), simple);
    assert.deepEqual(header('relaxed', given), relaxed);
  });
}

for (const [given, want] of [
  ['relaxed/simple', { header: 'relaxed', body: 'simple' }],
  ['relaxed', { header: 'relaxed', body: 'simple' }],
  ['Simple/RELAXED', { header: 'simple', body: 'relaxed' }],
  ['', null],
  ['nowsp', null],
  ['relaxed/', null],
  ['relaxed/relaxed/relaxed', null],
] as const) {
  test(`parseCanonicalizations(${JSON.stringify(given)})`, () => assert.deepEqual(parseCanonicalizations(given), want));
}

for (const [title, given, want] of [
  ['CRLF', 'A: b\r\n\r\nbody', 'A: b\r\n\r\n'],
  ['bare LF', 'A: b\n\nbody', 'A: b\n\n'],
  ['bare CR', 'A: b\r\rbody', 'A: b\r\r'],
  ['a mixture', 'A: b\n\r\nbody', 'A: b\n\r\n'],
  ['an empty header', '\r\nbody', '\r\n'],
  ['a line of blanks', 'A: b\r\n \r\n\r\nbody', 'A: b\r\n \r\n\r\n'],
  ['no body', 'A: b\r\n', 'A: b\r\n'],
] as const) {
  test(`HeaderCollector finds the end: ${title}`, () => {
    for (const step of [1, 2, 3, 100]) {
      const collector = new HeaderCollector(1000);
      let rest = '';
      for (let at = 0; at < given.length; at += step) {
        const piece = given.slice(at, at + step);
        rest += piece.slice(collector.isEnded ? 0 : collector.push(encoder.encode(piece)));
      }
      assert.deepEqual([new TextDecoder().decode(collector.bytes), rest], [want, given.slice(want.length)]);
      assert.equal(collector.isEnded, want.length < given.length);
    }
  });
}
