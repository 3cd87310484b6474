import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionError, conditionKinds, type ConditionKind, type ConditionSink } from './conditions.ts';

/** A sink for one test. */
export interface OpenedSink {
  readonly sink: ConditionSink;
  /** Times each condition was noted: what operators see. Null for a sink that keeps nothing. */
  readonly counts: (() => ReadonlyMap<ConditionKind, number>) | null;
}

/** Tests what every `ConditionSink` must do; `name` begins the titles. */
export function conditionSinkContract(name: string, open: () => OpenedSink): void {
  test(`${name}: every kind is noted and counted, with any cause, and noting never fails`, () => {
    const { sink, counts } = open();
    const inCircle = new Error('in a circle');
    inCircle.cause = inCircle;
    for (const kind of conditionKinds)
      for (const cause of [undefined, new Error('ENOSPC'), inCircle, 'text', null])
        sink.note(new ConditionError(kind, 'server.db', { cause }));
    if (counts === null) return;
    assert.deepEqual(counts(), new Map(conditionKinds.map((kind) => [kind, 5])));
  });

  test(`${name}: an error that several layers note is one occurrence`, () => {
    const { sink, counts } = open();
    const error = new ConditionError('diskFull', 'server.db');
    for (let layer = 0; layer < 3; layer += 1) sink.note(error);
    if (counts !== null) assert.deepEqual(counts(), new Map([['diskFull', 1]]));
  });

  test(`${name}: a flood over many subjects is counted, and no subject is lost for the others`, () => {
    const { sink, counts } = open();
    for (let i = 0; i < 3000; i += 1) sink.note(new ConditionError('ioError', `accounts/${i}`));
    sink.note(new ConditionError('readOnly', 'server.db'));
    if (counts === null) return;
    assert.deepEqual(
      counts(),
      new Map([
        ['ioError', 3000],
        ['readOnly', 1],
      ]),
    );
  });
}
