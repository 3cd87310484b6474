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
  const { retryAfter, maxAge, tellDelayAfter, keepFinished } = parse('').server.queue;
  assert.deepEqual(
    { retryAfterMs: retryAfter, maxAgeMs: maxAge, tellDelayAfterMs: tellDelayAfter, keepFinishedMs: keepFinished },
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

// As many attempts as `nextStep` makes: its test has the same waits.
for (const [queue, most] of [
  ['retryAfter: [10m], maxAge: 20m, tellDelayAfter: 20m', 3],
  ['retryAfter: [5m, 5m, 5m, 10m], maxAge: 30m, tellDelayAfter: 20m', 6],
  ['retryAfter: [1m], maxAge: 10m, tellDelayAfter: 10m', 11],
  ['retryAfter: [20m], maxAge: 41m, tellDelayAfter: 20m', 3],
] as const) {
  test(`queue: with ${queue}, a route for more attempts than ${most} is an error`, () => {
    const routed = (minimum: number): Config =>
      parse(`queue: { ${queue} }\nroutes: [{ minimumAttempts: ${minimum}, transport: direct }]`);
    routed(most - 1);
    assert.throws(
      () => routed(most),
      (error) => {
        assert.ok(error instanceof ConfigError);
        const [line = ''] = error.problems.map(formatProblem);
        const start = `server.yaml:5:12: routes.0.minimumAttempts: never matches: queue.retryAfter and queue.maxAge leave time for ${most} attempts`;
        assert.equal(line.slice(0, start.length), start);
        assert.match(line, new RegExp(`Write at most ${most - 1}, or make queue.maxAge longer`));
        return true;
      },
    );
  });
}
