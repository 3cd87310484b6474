import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RepeatedLines } from './repeated-lines.ts';

test('RepeatedLines: a line comes once, and at the end how often it came again', () => {
  const told: string[] = [];
  const lines = new RepeatedLines((line) => told.push(line));
  for (const text of ['refused', 'a.yaml:1:1: wrong\nrefused', 'once', 'refused', 'a.yaml:1:1: wrong'])
    lines.tell(text);
  assert.deepEqual(told, ['refused', 'a.yaml:1:1: wrong', 'once']);
  lines.finish();
  assert.deepEqual(told.slice(3), ['the same for 2 more: refused', 'the same for 1 more: a.yaml:1:1: wrong']);
});
