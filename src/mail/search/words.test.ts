import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Haystack, needleOf } from './fold.ts';
import { addWords, patternsOf } from './words.ts';

function wordsOf(text: string): string[] {
  const words = new Set<string>();
  addWords(text, words);
  return [...words];
}

for (const [text, words] of [
  ['Zebra crossing, zebra!', ['zebra', 'crossing']],
  ['a.b@example.org 42', ['a', 'b', 'example', 'org', '42']],
  ['Straße NAÏVE', ['straße', 'naïve']],
  ['日本語 と', ['日本', '本語', 'と']],
  ['abc日本def語', ['abc', '日本', 'def', '語']],
  ['cafe\u0301', ['cafe\u0301', 'café']],
  ['한국어 텍스트', ['한국어', '텍스트']],
  ['', []],
  ['x'.repeat(50), ['x'.repeat(32), 'x'.repeat(18)]],
] as const)
  test(`addWords(${JSON.stringify(text.slice(0, 30))})`, () => assert.deepEqual(wordsOf(text), words));

for (const [text, patterns] of [
  ['zebra', [{ kind: 'inside', text: 'zebra' }]],
  [
    'big zebra here',
    [
      { kind: 'whole', text: 'zebra' },
      { kind: 'beginning', text: 'here' },
      { kind: 'end', text: 'big' },
    ],
  ],
  [
    '@example.org',
    [
      { kind: 'whole', text: 'example' },
      { kind: 'beginning', text: 'org' },
    ],
  ],
  ['日', [{ kind: 'inside', text: '日' }]],
  [
    '日本語',
    [
      { kind: 'whole', text: '日本' },
      { kind: 'whole', text: '本語' },
    ],
  ],
  [' - ', []],
  ['half \ud842', []],
] as const)
  test(`patternsOf(${JSON.stringify(text)})`, () => assert.deepEqual(patternsOf(text), patterns));

test('patternsOf: every text that contains another has a word for each of its patterns', () => {
  const letters = [
    ...Array.from('aAbß1.-@ ,İıΣςσéÉ'),
    'e\u0301',
    '\u0301',
    'Å',
    '\u212b',
    '日',
    '本',
    '語',
    'か',
    'カ',
    '한',
    'ก',
    'ำ',
    '𠮷',
    '𝒳',
    '\u00a0',
    '\r\n ',
    '\u3000',
    'ﬁ',
    '\ud842',
  ];
  const piece = fc.array(fc.constantFrom(...letters), { maxLength: 40 }).map((parts) => parts.join(''));
  const long = fc.tuple(piece, fc.integer({ min: 1, max: 60 })).map(([text, count]) => text.slice(0, 3).repeat(count));
  const any = fc.oneof(piece, long);
  let found = 0;
  const isRight = (before: string, text: string, after: string, cut: number): void => {
    const whole = before + text + after;
    const needle = needleOf(text.slice(cut % (text.length + 1)));
    if (needle.text === '' || !new Haystack(whole).has(needle)) return;
    found += 1;
    const words = wordsOf(whole);
    for (const { kind, text: part } of patternsOf(needle.text)) {
      const isThere = words.some((word) => {
        if (kind === 'whole') return word === part;
        if (kind === 'beginning') return word.startsWith(part);
        return kind === 'end' ? word.endsWith(part) : word.includes(part);
      });
      assert.ok(
        isThere,
        `${kind} ${JSON.stringify(part)} of ${JSON.stringify(needle.text)} in ${JSON.stringify(words)}`,
      );
    }
  };
  fc.assert(fc.property(any, any, any, fc.nat(), isRight), {
    numRuns: 3000,
    seed: Number(process.env['SEED'] ?? 20261129),
  });
  assert.ok(found > 2000, `${found} texts were found`);
});
