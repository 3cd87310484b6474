import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPart, MimeIndexer } from '#lib/mime';
import { numberParts } from './part-number.ts';
import type { Part } from '#lib/mime';
import { samples } from '#testing/mime-samples';

function root(text: string): Part {
  const indexer = new MimeIndexer();
  indexer.push(new TextEncoder().encode(text));
  return indexer.finish().root;
}

const nested = root(samples.nested ?? '');

for (const [path, want] of [
  [[], 'multipart/mixed'],
  [[1], 'multipart/alternative'],
  [[1, 2], 'text/html'],
  [[2], 'message/rfc822'],
  [[2, 1], 'text/plain'],
  [[2, 2], 'image/gif'],
  [[2, 2, 1], null],
  [[3], null],
  [[0], null],
] as const) {
  test(`findPart(${JSON.stringify(path)})`, () => {
    const part = findPart(nested, path);
    assert.equal(part === null ? null : `${part.type}/${part.subtype}`, want);
  });
}

test('findPart numbers a message that is no multipart as part 1, and its embedded message below', () => {
  const plain = root('A: b\r\n\r\nx');
  assert.equal(findPart(plain, [1]), plain);
  assert.equal(findPart(plain, [1, 1]), null);
  const forward = root('Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx');
  assert.equal(findPart(forward, [1]), forward);
  assert.equal(findPart(forward, [1, 1]), forward.message?.root);
});

test('numberParts gives each part with the path that findPart takes', () => {
  const all = numberParts(nested);
  assert.deepEqual(
    all.map(({ path }) => path.join('.')),
    ['', '1', '1.1', '1.2', '2', '2.1', '2.2'],
  );
  for (const { path, part } of all) assert.equal(findPart(nested, path), part);
});
