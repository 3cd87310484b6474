import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '#mail/queue';
import { ConfigError, formatProblem, parseConfigFiles, type Config } from './index.ts';

const domains = 'domains: { example.org: {} }\naccounts: { alice: { addresses: [alice@example.org] } }\n';

function parse(queue: string): Config {
  const listeners = 'listeners: { a: { addresses: [127.0.0.1], smtp: {} } }';
  const server = `hostname: a.example\npostmaster: alice\n${listeners}\n${queue}\n`;
  return parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains });
}

test('queue: the defaults of server.yaml are those of the queue', () => {
  const { retryAfter, maxAge, tellDelayAfter, keepRetired } = parse('').server.queue;
  assert.deepEqual(
    { retryAfterMs: retryAfter, maxAgeMs: maxAge, tellDelayAfterMs: tellDelayAfter, keepFinishedMs: keepRetired },
    {
      retryAfterMs: defaultSettings.retryAfterMs,
      maxAgeMs: defaultSettings.maxAgeMs,
      tellDelayAfterMs: defaultSettings.tellDelayAfterMs,
      keepFinishedMs: defaultSettings.keepFinishedMs,
    },
  );
});

test('queue: a retry schedule of one’s own', () => {
  const { queue } = parse('queue: { retryAfter: [1m, 1m, 2h], maxAge: 5d, tellDelayAfter: 1d }').server;
  assert.deepEqual(queue.retryAfter, [60_000, 60_000, 7_200_000]);
  assert.deepEqual([queue.maxAge, queue.tellDelayAfter], [5 * 86_400_000, 86_400_000]);
});

for (const [queue, want] of [
  ['queue: { retryAfter: [] }', /queue\.retryAfter/],
  ['queue: { retryAfter: [30s] }', /queue\.retryAfter\.0: must be from 1m to 7d/],
  ['queue: { retryAfter: [8d] }', /queue\.retryAfter\.0: must be from/],
  ['queue: { retryAfter: [1h, often] }', /queue\.retryAfter\.1: must be a time span/],
  ['queue: { retryAfter: [1h, 2h, 30m] }', /queue\.retryAfter\.2: is shorter than the wait before it/],
  ['queue: { retryAfter: [5h], maxAge: 4h }', /queue\.retryAfter\.0: is longer than queue\.maxAge/],
  ['queue: { maxAge: 1m }', /queue\.maxAge: must be from/],
  ['queue: { maxAge: 31d }', /queue\.maxAge: must be from/],
  ['queue: { maxAge: 1h }', /queue\.tellDelayAfter: must not be longer than queue\.maxAge/],
] as const) {
  test(`parseConfigFiles refuses ${queue}`, () => {
    assert.throws(
      () => parse(queue),
      (error) => error instanceof ConfigError && error.problems.map(formatProblem).some((line) => want.test(line)),
    );
  });
}
