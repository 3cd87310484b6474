import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  allOf,
  anyOf,
  conditionsOf,
  intersection,
  isMatch,
  noneOf,
  NumberList,
  union,
  where,
  without,
  type Filter,
} from './index.ts';

const yes: Filter<boolean> = where(true);
const no: Filter<boolean> = where(false);

const cases: readonly (readonly [Filter<boolean>, boolean])[] = [
  [yes, true],
  [allOf([yes, no]), false],
  [allOf([]), true],
  [anyOf([no, yes]), true],
  [anyOf([]), false],
  [noneOf([no, no]), true],
  [noneOf([no, yes]), false],
  [noneOf([]), true],
  [allOf([noneOf([anyOf([no])]), yes]), true],
];
for (const [filter, want] of cases)
  test(`isMatch(${JSON.stringify(filter)})`, () =>
    assert.equal(
      isMatch(filter, (value) => value),
      want,
    ));

test('conditionsOf yields the conditions of all levels, in order', () => {
  assert.deepEqual([...conditionsOf(allOf([where(1), noneOf([where(2), anyOf([where(3)])])]))], [1, 2, 3]);
});

test('without, union and intersection agree with sets', () => {
  const list = fc
    .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 30 })
    .map((all) => Uint32Array.from(all).sort());
  fc.assert(
    fc.property(list, list, (a, b) => {
      const [left, right] = [new Set(a), new Set(b)];
      assert.deepEqual(
        [...without(a, b)],
        [...left.difference(right)].toSorted((x, y) => x - y),
      );
      assert.deepEqual(
        [...intersection(a, b)],
        [...left.intersection(right)].toSorted((x, y) => x - y),
      );
      const rest = without(b, a);
      assert.deepEqual(
        [...union(a, rest)],
        [...left.union(right)].toSorted((x, y) => x - y),
      );
    }),
  );
  const numbers = new NumberList(3);
  numbers.push(7);
  assert.deepEqual(numbers.taken, Uint32Array.of(7));
});
