import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { collationKey, compareKeys, type Collation } from './collation.ts';

const sorted = (collation: Collation, texts: readonly string[]): string[] =>
  texts.toSorted((a, b) => compareKeys(collationKey(collation, a), collationKey(collation, b)));

for (const [collation, texts, want] of [
  ['i;unicode-casemap', ['b', 'A', 'a', 'B', ''], ['', 'A', 'a', 'b', 'B']],
  ['i;unicode-casemap', ['Zoe', 'éa', 'Ed', 'ez'], ['Ed', 'ez', 'éa', 'Zoe']],
  ['i;unicode-casemap', ['straße', 'STRASZ', 'ﬁ', 'FH'], ['FH', 'STRASZ', 'straße', 'ﬁ']],
  ['i;ascii-casemap', ['b', 'A', 'é', 'É'], ['A', 'b', 'É', 'é']],
  ['i;octet', ['b', 'A', 'a', 'B'], ['A', 'B', 'a', 'b']],
  ['i;octet', ['\u{20bb7}', '\uff21'], ['\uff21', '\u{20bb7}']],
] as const)
  test(`collationKey: ${collation} of ${JSON.stringify(texts)}`, () =>
    assert.deepEqual(sorted(collation, texts), want));

test('compareKeys agrees with the octets of UTF-8', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareKeys(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});
