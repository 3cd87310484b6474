import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankControls, escapeControls, safeJson } from './index.ts';

const marks = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069';
const every = String.fromCharCode(
  ...Array.from({ length: 0x20 }, (_, i) => i),
  ...Array.from({ length: 33 }, (_, i) => 0x7f + i),
);
// oxlint-disable-next-line no-control-regex -- control characters are the point
const raw = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

for (const [given, want] of [
  ['a\r\nb', 'a\\u000d\\u000ab'],
  ['\u001b[2J', '\\u001b[2J'],
  ['\u009b31m\u007f', '\\u009b31m\\u007f'],
  ['abc\u202egpj.exe', 'abc\\u202egpj.exe'],
  ['x\u2028y\u2029', 'x\\u2028y\\u2029'],
  ['Grüße, 世界 👩‍👩‍👧 \\', 'Grüße, 世界 👩‍👩‍👧 \\'],
] as const) {
  test(`escapeControls(${safeJson(given)})`, () => assert.equal(escapeControls(given), want));
}

test('escapeControls, blankControls, safeJson: no control or direction mark is left', () => {
  const text = `${every}${marks}\u2028\u2029`;
  assert.doesNotMatch(escapeControls(text), raw);
  assert.doesNotMatch(blankControls(text), raw);
  assert.doesNotMatch(safeJson(text), raw);
  assert.equal(escapeControls(text).length, 6 * text.length);
});

test('escapeControls keeps line feeds and tabs of our own layout, nothing else', () => {
  assert.equal(escapeControls('a\n\tb\rc\u0085', true), 'a\n\tb\\u000dc\\u0085');
});

test('blankControls makes one space of each run', () => {
  assert.equal(blankControls('a\r\n\tb\u0085c\u2028\u202ed'), 'a b c d');
});

test('safeJson is JSON of the same value, laid out or not', () => {
  const value = { [marks]: [every, 'a\nb'], plain: 'ü' };
  for (const indent of [undefined, 2]) assert.deepEqual(JSON.parse(safeJson(value, indent)), value);
  assert.match(safeJson(value, 2), /\n {2}"plain": "ü"/);
});
