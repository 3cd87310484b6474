import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEnglish, checkSubject, findEnglish } from './check-english.ts';

for (const [path, text, want] of [
  ['a.ts', '/** What it is. */', ['1: a docstring opens with "What"']],
  ['a.ts', '/** Whether it is so. */\n/** Reports whether it is so. */', ['1: a docstring opens with "Whether"']],
  ['a.ts', ' * Somebody said so.\n// nobody\nconst nobody = 1;', ['1: "Somebody"', '2: "nobody"']],
  ['a.ts', "const url = 'https://somebody.example'; // The sender is told.", ['1: "is told"']],
  ['a.ts', '// `nobody` and nobody@example.org and "whoever" are names', []],
  ['docs/a.md', 'In clear, after a time-out.', ['1: "time-out"', '1: "In clear"']],
  ['docs/a.md', 'A look-up of whom nothing is told of.', ['1: "whom"', '1: "is told"', '1: "told of"', '1: "look-up"']],
  ['docs/a.md', 'Reports a timeout of each lookup to the sender.', []],
] as const) {
  test(`findEnglish ${JSON.stringify(text)}`, () => {
    const found = findEnglish([{ path, text }]).map(
      ({ line, text: said }) => `${line}: ${said.replace(/(".*"): .*/, '$1')}`,
    );
    assert.deepEqual(found, want);
  });
}

test('checkEnglish has a line for each violation, with its place', () => {
  const files = [
    { path: 'docs/a.md', text: 'somebody' },
    { path: 'docs/b.md', text: 'somebody\nnobody' },
  ];
  const places = checkEnglish(files).map((line) => line.split(': ', 1)[0]);
  assert.deepEqual(places, ['docs/a.md:1', 'docs/b.md:1', 'docs/b.md:2']);
});

for (const [subject, want] of [
  ['queue: retry at most once per second', null],
  ['smtp, imap: name the limit', null],
  ['retry at most once', /no area/],
  ['queue: fixed retries', /no imperative/],
  ['queue: retry at once.', /full stop/],
  [`queue: ${'x'.repeat(66)}`, /73 characters, 72 at most/],
] as const) {
  test(`checkSubject ${subject.slice(0, 40)}`, () => {
    if (want === null) assert.equal(checkSubject(subject), null);
    else assert.match(checkSubject(subject) ?? '', want);
  });
}
