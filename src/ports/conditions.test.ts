import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionError, conditionKinds, conditionText, ignoreConditions } from './conditions.ts';
import { conditionSinkContract } from './conditions.contract.ts';

conditionSinkContract('ignoreConditions', () => ({ sink: ignoreConditions, counts: null }));

test('conditionText: each kind has words of its own for clients, without the subject', () => {
  const texts = conditionKinds.map(conditionText);
  assert.equal(new Set(texts).size, conditionKinds.length);
  for (const text of texts) assert.match(text, /^[a-z][a-z -]+$/);
});

test('ConditionError: its message has words and subject, or is the one that was given', () => {
  const error = new ConditionError('diskFull', 'server.db');
  assert.deepEqual(
    [error.kind, error.subject, error.message],
    ['diskFull', 'server.db', 'the disk is full: server.db'],
  );
  assert.equal(new ConditionError('damaged', 'x', { message: 'as said' }).message, 'as said');
});
