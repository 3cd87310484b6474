import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain, table, time } from './terminal.ts';

test('table: columns are as wide as their widest cell, nothing follows the last', () => {
  assert.deepEqual(table([['a', 'long', 'x'], ['bbb', '', 'yy'], ['c']], ' '), [
    ' a    long  x',
    ' bbb        yy',
    ' c',
  ]);
});

test('plain: controls, escapes and direction marks of strangers do not reach the terminal', () => {
  assert.equal(plain('550 \u001b[2Jno\r\nmore\u202e'), '550 \uFFFD[2Jno\uFFFD more\uFFFD');
});

test('time: UTC to the second', () => assert.equal(time(1_795_000_000_123), '2026-11-18 11:06:40Z'));
