import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StacklessError } from './index.ts';

test('StacklessError takes no stack, and leaves that of other errors as it was', () => {
  class Refused extends StacklessError {
    override readonly name = 'Refused';
  }
  const { stackTraceLimit } = Error;
  const error = new Refused('too many');
  assert.doesNotMatch(error.stack ?? '', /\n/);
  assert.equal(String(error), 'Refused: too many');
  assert.ok(error instanceof Error && error instanceof Refused);
  assert.equal(Error.stackTraceLimit, stackTraceLimit);
  assert.match(new Error('trouble').stack ?? '', /\n {4}at /);
});
