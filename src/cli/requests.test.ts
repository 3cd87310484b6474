import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meansStop } from './requests.ts';

test('meansStop: a closed terminal ends what runs in it, and only that', () => {
  assert.deepEqual(
    [meansStop('stop', false), meansStop('stop', true), meansStop('reload', true), meansStop('reload', false)],
    [true, true, true, false],
  );
});
