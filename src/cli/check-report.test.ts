import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkReport } from './check-report.ts';

test('checkReport: clean, untidy, and worse', () => {
  assert.deepEqual(checkReport([]), ['All mail is whole and consistent.']);
  const untidy = {
    account: 'ann',
    kind: 'orphan',
    text: 'the blob 1 belongs to no message, and is removed in time',
    isLoss: false,
    remedy: null,
  } as const;
  const lost = {
    account: null,
    kind: 'queue',
    text: 'message 7 of <a\u001b@b> waits and has no content',
    isLoss: true,
    remedy: 'drop it',
  } as const;
  assert.deepEqual(checkReport([untidy]), [
    'Untidy, but no mail is lost:',
    '  account ann: the blob 1 belongs to no message, and is removed in time',
    '',
    '1 finding, none about lost mail.',
  ]);
  assert.deepEqual(checkReport([untidy, lost]), [
    'Mail is lost or cannot be read:',
    '  queue: message 7 of <a\\u001b@b> waits and has no content',
    '  What can be done: drop it.',
    '',
    'Untidy, but no mail is lost:',
    '  account ann: the blob 1 belongs to no message, and is removed in time',
    '',
    '2 findings, 1 about lost mail.',
  ]);
});
