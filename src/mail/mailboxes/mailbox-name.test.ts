import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailboxRefusal, normalizeMailboxName, parentsOf } from './index.ts';

for (const [given, want] of [
  ['inbox', 'INBOX'],
  ['Inbox/Lists', 'INBOX/Lists'],
  ['Lists/inbox', 'Lists/inbox'],
  ['Cafe\u0301', 'Caf\u00e9'],
  ['a/b/', 'a/b'],
] as const) {
  test(`normalizeMailboxName(${JSON.stringify(given)}) is ${want}`, () =>
    assert.equal(normalizeMailboxName(given), want));
}

for (const given of [
  '',
  '/',
  '/a',
  'a//b',
  'a\u0000b',
  'a\nb',
  'a*',
  '100%',
  '#news',
  'a/../b',
  '\ud800',
  'x'.repeat(1025),
  'a/'.repeat(40),
]) {
  test(`normalizeMailboxName refuses ${JSON.stringify(given).slice(0, 20)}`, () => {
    assert.throws(() => normalizeMailboxName(given), MailboxRefusal);
  });
}

test('parentsOf lists the names above, topmost first', () => {
  assert.deepEqual(parentsOf('a/b/c'), ['a', 'a/b']);
  assert.deepEqual(parentsOf('a'), []);
});
