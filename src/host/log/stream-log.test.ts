import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logContract, type SeenEvent } from '#ports/log.contract';
import { streamLog, type StreamLog } from './index.ts';
import type { LogOptions } from './stream-log.ts';

logContract('streamLog', () => {
  let written = '';
  const write = (lines: string): void => void (written += lines);
  const log = streamLog({ level: 'debug', format: 'json', now: () => 0, write });
  const seen = (): SeenEvent[] => {
    log.flush();
    const lines = written.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const { time: _, level, event, error, ...fields } = JSON.parse(line) as Record<string, unknown>;
      return { level: String(level), event: String(event), fields, error: typeof error === 'string' ? error : null };
    });
  };
  return { log, seen };
});

function logged(options: Partial<LogOptions>, use: (log: StreamLog) => void): string {
  let all = '';
  const log = streamLog({
    level: 'debug',
    format: 'text',
    now: () => 1_700_000_000_123,
    write: (s) => (all += s),
    ...options,
  });
  use(log);
  log.flush();
  return all;
}

for (const [fields, want] of [
  [{}, 'queue.sent'],
  [
    { id: 5, host: 'mx.example', ok: true, none: null, not: undefined },
    'queue.sent id=5 host=mx.example ok=true none=null',
  ],
  [{ text: 'a b', list: ['x', 'y z'], sizes: [1, 2] }, 'queue.sent text="a b" list=[x,"y z"] sizes=[1,2]'],
  [{ evil: 'a\r\nb\x1b[2J\x9b' }, String.raw`queue.sent evil="a\r\nb\u001b[2J\u009b"`],
  [
    { evil: 'abc\u202egpj\u2066\u200f\u061c\u2028x' },
    String.raw`queue.sent evil="abc\u202egpj\u2066\u200f\u061c\u2028x"`,
  ],
  [{ empty: '' }, 'queue.sent empty=""'],
] as const) {
  test(`streamLog: text ${JSON.stringify(fields)}`, () => {
    const line = logged({}, (log) => log.info('queue.sent', fields));
    assert.match(line, /^\d\d:\d\d:20\.123 info  /);
    assert.equal(line.slice(19), `${want}\n`);
  });
}

test('streamLog: json has time, level, event, fields and those of with()', () => {
  const line = logged({ format: 'json' }, (log) => log.with({ cid: 'c1' }).warn('imap.slow', { ms: 9 }));
  assert.deepEqual(JSON.parse(line), {
    time: '2023-11-14T22:13:20.123Z',
    level: 'warn',
    event: 'imap.slow',
    cid: 'c1',
    ms: 9,
  });
});

test('streamLog: an error comes with stack and causes', () => {
  const error = new Error('outer', { cause: new TypeError('inner') });
  const text = logged({}, (log) => log.error('store.failed', {}, error));
  assert.match(text, /store\.failed\n {4}Error: outer\n.*stream-log\.test\.ts/);
  assert.match(text, /caused by TypeError: inner/);
  const json: unknown = JSON.parse(logged({ format: 'json' }, (log) => log.error('store.failed', {}, 'a string')));
  assert.ok(typeof json === 'object' && json !== null && 'error' in json && json.error === 'a string');
});

test('streamLog: events below the level are dropped', () => {
  const text = logged({ level: 'warn' }, (log) => {
    log.debug('a.a');
    log.info('b.b');
    log.warn('c.c');
    log.error('d.d');
  });
  assert.deepEqual(text.match(/\b[a-d]\.[a-d]/g), ['c.c', 'd.d']);
});

test('streamLog: a standard error that nobody reads ends nothing', () => {
  const options = { level: 'error', format: 'text', now: () => 0 } as const;
  streamLog(options);
  const listeners = process.stderr.listenerCount('error');
  assert.ok(listeners > 0);
  streamLog(options);
  assert.equal(process.stderr.listenerCount('error'), listeners);
});

test('streamLog: no control or direction mark reaches a collector, whether in a field or in an error', () => {
  const evil = '\u009b2J\u202e\u2067\u007f\u001b[31m';
  for (const format of ['text', 'json'] as const) {
    const line = logged({ format }, (log) => log.error('store.failed', { evil }, new Error(evil)));
    // oxlint-disable-next-line no-control-regex -- control characters are the point
    assert.doesNotMatch(line, /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/);
    if (format === 'json') assert.equal((JSON.parse(line) as { readonly evil: string }).evil, evil);
  }
});
