import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkReport, repairReport } from './check-report.ts';

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
    '1 problem, none about lost mail.',
  ]);
  assert.deepEqual(checkReport([untidy, lost]), [
    'Mail is lost or cannot be read:',
    '  queue: message 7 of <a\\u001b@b> waits and has no content',
    '    Remedy: drop it.',
    '',
    'Untidy, but no mail is lost:',
    '  account ann: the blob 1 belongs to no message, and is removed in time',
    '',
    '2 problems, 1 about lost mail.',
  ]);
});

const orphan = { account: 'ann', kind: 'orphan', text: 'the blob 1', isLoss: false, remedy: 'wait' } as const;

test('checkReport: each remedy stands below the problems that it is for', () => {
  const damaged = { ...orphan, kind: 'counter', text: 'a counter', remedy: 'count again' } as const;
  assert.deepEqual(checkReport([orphan, damaged, { ...orphan, text: 'the blob 2' }]).slice(1, 6), [
    '  account ann: the blob 1',
    '  account ann: the blob 2',
    '    Remedy: wait.',
    '  account ann: a counter',
    '    Remedy: count again.',
  ]);
});

test('repairReport: nothing, what was made anew, and what could not be', () => {
  assert.deepEqual(repairReport([], []), ['There was nothing to repair.', '']);
  assert.match(repairReport([], [orphan])[0] ?? '', /can put nothing right here; the remedies/);
  const flags = [{ mailbox: 'INBOX', firstUid: 256, lastUid: 511, resetMessages: 256 }];
  assert.deepEqual(
    repairReport(
      [
        { account: 'ann', flags, others: 2, problem: null },
        { account: 'bob', flags: [], others: 0, problem: 'it is missing' },
      ],
      [],
    ),
    [
      'Repaired:',
      '  account ann: mailbox INBOX, UIDs 256 to 511: 256 messages with the flags again that they came with',
      '  account ann: 2 counters, blocks of header fields or blobs',
      '  account bob: not repaired: it is missing',
      '',
    ],
  );
});

test('checkReport: damage of the server is not one of the queue', () => {
  const damage = { account: null, kind: 'database', text: 'server.db is damaged', isLoss: true, remedy: null } as const;
  assert.ok(checkReport([damage]).includes('  server: server.db is damaged'));
});
