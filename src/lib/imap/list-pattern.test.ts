import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { matchListPattern } from './index.ts';

for (const [pattern, name, separator, want] of [
  ['*', '', '/', true],
  ['%', '', '/', true],
  ['', '', '/', true],
  ['', 'a', '/', false],
  ['*', 'a/b/c', '/', true],
  ['%', 'a', '/', true],
  ['%', 'a/b', '/', false],
  ['%/%', 'a/b', '/', true],
  ['%/%', 'a/b/c', '/', false],
  ['a/*', 'a/b/c', '/', true],
  ['a/*', 'a', '/', false],
  ['a*', 'a', '/', true],
  ['*b', 'a/b', '/', true],
  ['%b', 'a/b', '/', false],
  ['*%b', 'a/b', '/', true],
  ['a%c*e', 'abc/d/e', '/', true],
  ['%a%/b', 'xay/b', '/', true],
  ['*.x.%', 'a.x.b.x.c', '.', true],
  ['%', 'a/b', null, true],
  ['a', 'A', '/', false],
  ['inbox', 'INBOX', '/', true],
  ['iNb*', 'INBOX', '/', false],
  ['inbox/%', 'INBOX/a', '/', true],
  ['inboxes', 'INBOXes', '/', false],
  ['x*', 'INBOX', '/', false],
] as const) {
  test(`matchListPattern(${JSON.stringify(pattern)}, ${JSON.stringify(name)}) is ${want}`, () => {
    assert.equal(matchListPattern(pattern, name, separator), want);
  });
}

test('matchListPattern agrees with a regular expression', () => {
  const text = (chars: string[], maxLength: number) =>
    fc.array(fc.constantFrom(...chars), { maxLength }).map((list) => list.join(''));
  fc.assert(
    fc.property(text(['a', 'b', '/', '*', '%'], 8), text(['a', 'b', '/'], 10), (pattern, name) => {
      const source = pattern.replaceAll('*', '.*').replaceAll('%', '[^/]*');
      assert.equal(matchListPattern(pattern, name, '/'), new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 1000, seed: 3501 },
  );
});

test('matchListPattern does not try every way to share out a name', () => {
  assert.equal(matchListPattern(`${'*a'.repeat(200)}b`, 'a'.repeat(2000), '/'), false);
  assert.equal(matchListPattern(`${'*%a'.repeat(200)}b`, 'a'.repeat(2000), '/'), false);
});
