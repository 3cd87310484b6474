import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { applyPatch, isJsonObject, jmapLimits, SetError, type JsonObject, type JsonValue } from './index.ts';

const before: JsonObject = { a: { b: 1, 'c/d': { '~': 2 } }, list: [1], e: 'x' };

for (const [patch, want] of [
  [{ e: 'y' }, { ...before, e: 'y' }],
  [{ e: null }, { a: before['a'] ?? null, list: [1], e: 'default' }],
  [
    { 'a/b': null, 'a/n': [] },
    { ...before, a: { 'c/d': { '~': 2 }, n: [] } },
  ],
  [{ 'a/c~1d/~0': 3 }, { ...before, a: { b: 1, 'c/d': { '~': 3 } } }],
  [{ 'a/none': null }, before],
  [{ 'a/toString': 1 }, { ...before, a: { ...(before['a'] as JsonObject), toString: 1 } }],
] as const) {
  test(`applyPatch: ${JSON.stringify(patch)}`, () => {
    assert.deepEqual(applyPatch(before, patch as unknown as JsonObject, { e: 'default' }), want);
  });
}

for (const [patch, reason] of [
  [{ a: {}, 'a/b': 1 }, /within each other/],
  [{ 'a/c~1d': {}, 'a/b': 1, 'a/c~1d/x': 1 }, /within each other/],
  [{ 'list/0': 2 }, /no object at list/],
  [{ 'none/x': 2 }, /no object at none/],
  [{ 'toString/x': 2 }, /no object at toString/],
  [{ 'e/x': 2 }, /no object at e/],
  [{ 'a/~2': 2 }, /no path/],
] as const) {
  test(`applyPatch refuses ${JSON.stringify(patch)}`, () => {
    assert.throws(
      () => applyPatch(before, patch),
      (error) => error instanceof SetError && error.type === 'invalidPatch' && reason.test(error.message),
    );
  });
}

test('applyPatch: a patch has only so many paths', () => {
  const limits = { ...jmapLimits, maxPatchPaths: 2 };
  assert.deepEqual(applyPatch({}, { a: 1, b: 2 }, {}, limits), { a: 1, b: 2 });
  assert.throws(() => applyPatch({}, { a: 1, b: 2, c: 3 }, {}, limits), /more than 2 paths/);
});

/** Names as clients may choose them, some that mean something elsewhere. */
const name = fc.oneof(
  fc.constantFrom('a', 'b', 'a/b', '~', '~1', '', '__proto__', 'constructor'),
  fc.string({ maxLength: 3 }),
);
const tree = fc.letrec<{ node: JsonValue; object: JsonObject }>((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, fc.integer(), fc.constant(true), tie('object')),
  object: fc.array(fc.tuple(name, tie('node')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
})).object;

/** Returns the paths of all values that are no objects, with their values; the path of an empty object is its own. */
function leaves(object: JsonObject, above = ''): [string, JsonValue][] {
  return Object.entries(object).flatMap(([token, value]): [string, JsonValue][] => {
    const path = above + token.replaceAll('~', '~0').replaceAll('/', '~1');
    return isJsonObject(value) && Object.keys(value).length > 0 ? leaves(value, `${path}/`) : [[path, value]];
  });
}

test('applyPatch: each path has its value afterwards, all others are as before, and the old object is untouched', () => {
  fc.assert(
    fc.property(tree, fc.array(fc.tuple(fc.nat(20), fc.oneof(fc.integer(), fc.constant(null)))), (object, picks) => {
      const old = leaves(object);
      const text = JSON.stringify(object);
      const patch = new Map(picks.flatMap(([i, value]) => (old[i] === undefined ? [] : [[old[i][0], value] as const])));
      const after = new Map(leaves(applyPatch(object, Object.fromEntries(patch))));
      assert.equal(JSON.stringify(object), text);
      for (const [path, value] of patch) assert.deepEqual(after.get(path) ?? null, value);
      for (const [path, value] of old) if (!patch.has(path)) assert.deepEqual(after.get(path), value);
    }),
  );
});

test('applyPatch: the leaves of one object, set in another with the same branches, make it the same', () => {
  fc.assert(
    fc.property(tree, (object) => {
      const emptied = Object.fromEntries(leaves(object).map(([path]) => [path, null]));
      const bare = applyPatch(object, emptied);
      const again = applyPatch(bare, Object.fromEntries(leaves(object)));
      assert.deepEqual(new Map(leaves(again)), new Map(leaves(object)));
    }),
  );
});
