import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseSubject } from '#lib/message';

for (const [given, base, isReply] of [
  ['hello', 'hello', false],
  ['Re: hello', 'hello', true],
  ['RE: re: Fwd: FW : hello (fwd) (fwd)', 'hello', true],
  ['[list] Re: [list] hello', 'hello', true],
  ['[list] hello', 'hello', false],
  ['[a] [b]', '[b]', false],
  ['Re[2]: hello', 'hello', true],
  ['Re [x] : hello', 'hello', true],
  ['[fwd: hello]', 'hello', true],
  ['[Fwd: Re: [fwd: hello] ] ', 'hello', true],
  ['[fwd:]', '', true],
  ['  a \t b\r\n c ', 'a b c', false],
  ['=?utf-8?q?Re=3A_caf=C3=A9?=', 'café', true],
  ['Re:', '', true],
  ['(fwd)', '', true],
  ['regarding: x', 'regarding: x', false],
  ['[a[b] x', '[a[b] x', false],
  ['Aw: x', 'Aw: x', false],
] as const) {
  test(`baseSubject(${JSON.stringify(given)})`, () => {
    assert.deepEqual(baseSubject(given), { base, isReplyOrForward: isReply });
  });
}

test('baseSubject is linear in long chains of marks', () => {
  assert.equal(baseSubject('[]'.repeat(100_000)).base, '[]');
  assert.equal(baseSubject('[fwd:'.repeat(50_000) + ']'.repeat(50_000)).base, '');
  assert.equal(baseSubject('['.repeat(200_000)).base.length, 200_000);
});
