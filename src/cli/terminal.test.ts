import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localTime, plain, table } from './terminal.ts';

test('table: columns are as wide as their widest cell, nothing follows the last', () => {
  assert.deepEqual(table([['a', 'long', 'x'], ['bbb', '', 'yy'], ['c']], ' '), [
    ' a    long  x',
    ' bbb        yy',
    ' c',
  ]);
});

test('plain: controls, escapes and direction marks of strangers do not reach the terminal', () => {
  assert.equal(plain('550 \u001b[2Jno\r\nmore\u202e'), '550 \\u001b[2Jno more\\u202e');
});

test('localTime: the wall clock to the second, with its distance from UTC', () => {
  const text = localTime(1_795_000_000_123);
  assert.match(text, /^2026-11-1[789] \d\d:\d\d:40 [+-]\d\d:\d\d$/);
  assert.equal(Date.parse(text), 1_795_000_000_000);
});
