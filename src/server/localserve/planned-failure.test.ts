import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedFailure, type Stage } from './planned-failure.ts';

for (const [localpart, stage, want] of [
  ['alice', 'data', null],
  ['permerror', 'data', 550],
  ['x-PermError', 'data', 550],
  ['temperror', 'data', 451],
  ['temperror', 'rcptto', null],
  ['mailfromtemperror', 'mailfrom', 451],
  ['mailfromtemperror', 'data', null],
  ['rcptto452', 'rcptto', 452],
  ['rcptto452', 'queue', null],
  ['queuepermerror', 'queue', 550],
  ['queue451', 'queue', 451],
  ['queue451', 'data', null],
  ['user399', 'data', null],
  ['user600', 'data', null],
  ['user599', 'data', 599],
  ['user1450', 'data', null],
  ['order-2024-430', 'data', 430],
  ['timeout', 'data', 'timeout'],
  ['queue', 'queue', null],
] as const satisfies readonly (readonly [string, Stage, number | 'timeout' | null])[]) {
  test(`plannedFailure(${localpart}) at ${stage} is ${String(want)}`, () => {
    const failure = plannedFailure(localpart, stage);
    assert.equal(failure?.kind === 'reply' ? failure.code : (failure?.kind ?? null), want);
  });
}
