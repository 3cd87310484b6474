import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from './log.ts';

/** One event as it was logged, without the fields that were undefined. */
export interface SeenEvent {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The thrown value in words; null when there was none. */
  readonly error: string | null;
}

/** A log for one test, and what it has logged. */
export interface OpenedLog {
  readonly log: Log;
  readonly seen: () => readonly SeenEvent[];
}

/** Tests what every `Log` must do; `name` begins the titles. */
export function logContract(name: string, open: () => OpenedLog): void {
  test(`${name}: events come in order, with their level and fields`, () => {
    const { log, seen } = open();
    log.debug('a.debug');
    log.info('a.info', {
      text: 'x',
      count: 5,
      isTrue: false,
      none: null,
      absent: undefined,
      list: ['a', 'b'],
      sizes: [1],
    });
    log.warn('a.warn', {});
    log.error('a.error', { id: 1 });
    assert.deepEqual(seen(), [
      { level: 'debug', event: 'a.debug', fields: {}, error: null },
      {
        level: 'info',
        event: 'a.info',
        fields: { text: 'x', count: 5, isTrue: false, none: null, list: ['a', 'b'], sizes: [1] },
        error: null,
      },
      { level: 'warn', event: 'a.warn', fields: {}, error: null },
      { level: 'error', event: 'a.error', fields: { id: 1 }, error: null },
    ]);
  });

  test(`${name}: with() adds fields to each event of its log only, and an event's own fields win`, () => {
    const { log, seen } = open();
    const connection = log.with({ cid: 'c1', area: 'imap' });
    const command = connection.with({ tag: 'a1' });
    command.info('one');
    connection.warn('two', { area: 'smtp' });
    log.info('three');
    assert.deepEqual(
      seen().map(({ fields }) => fields),
      [{ cid: 'c1', area: 'imap', tag: 'a1' }, { cid: 'c1', area: 'smtp' }, {}],
    );
  });

  test(`${name}: fields are taken as they are at the call`, () => {
    const { log, seen } = open();
    const fields = { count: 1 };
    const common = { cid: 'c1' };
    const inner = log.with(common);
    inner.info('before', fields);
    fields.count = 2;
    common.cid = 'c2';
    inner.info('after');
    assert.deepEqual(
      seen().map((event) => event.fields),
      [{ count: 1, cid: 'c1' }, { cid: 'c1' }],
    );
  });

  test(`${name}: anything may be the cause of an error, and none makes logging fail`, () => {
    const { log, seen } = open();
    const loop = new Error('in a circle');
    loop.cause = loop;
    const causes = [new Error('outer', { cause: new TypeError('inner') }), loop, 'a string', 5, null, Symbol('odd')];
    for (const cause of causes) log.error('it.failed', {}, cause);
    const errors = seen().map(({ error }) => error ?? '');
    assert.equal(errors.length, causes.length);
    for (const [i, part] of ['outer', 'in a circle', 'a string', '5', 'null', 'odd'].entries())
      assert.ok(errors[i]?.includes(part), `${part} in ${errors[i]}`);
  });
}
