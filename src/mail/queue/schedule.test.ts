import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextStep } from './schedule.ts';
import { defaultSettings } from './settings.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

for (const [name, attempts, ageMs, delayTold, chance, want] of [
  ['first failure', 1, 0, false, 0, { kind: 'retry', atMs: 7.5 * minuteMs, tellDelay: false }],
  ['with jitter', 1, 0, false, 1, { kind: 'retry', atMs: 7.65 * minuteMs, tellDelay: false }],
  ['fifth failure', 5, 1.875 * hourMs, false, 0, { kind: 'retry', atMs: 3.875 * hourMs, tellDelay: false }],
  [
    'would wait past the time to tell',
    6,
    3.875 * hourMs,
    false,
    0,
    { kind: 'retry', atMs: 7.875 * hourMs, tellDelay: true },
  ],
  ['told already', 6, 3.875 * hourMs, true, 0, { kind: 'retry', atMs: 7.875 * hourMs, tellDelay: false }],
  ['the last wait repeats', 50, 20 * hourMs, true, 0, { kind: 'retry', atMs: 28 * hourMs, tellDelay: false }],
  ['the last attempt is at the end', 9, 41 * hourMs, true, 0, { kind: 'retry', atMs: 48 * hourMs, tellDelay: false }],
  ['a moment before the end', 9, 39.9 * hourMs, true, 0, { kind: 'retry', atMs: 48 * hourMs, tellDelay: false }],
  ['at the end', 12, 48 * hourMs, true, 0, { kind: 'giveUp' }],
] as const) {
  test(`nextStep: ${name}`, () => {
    assert.deepEqual(nextStep({ attempts, startMs: 0, nowMs: ageMs, delayTold, chance }, defaultSettings), want);
  });
}

for (const [retryAfterMs, maxAgeMs, want] of [
  // A last attempt 30 minutes after the one before it would be of use for long waits only.
  [[10], 20, [10, 20]],
  [[5, 5, 5, 10], 30, [5, 10, 15, 25, 30]],
  [[1], 10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  [[20], 41, [20, 41]],
] as const) {
  test(`nextStep: waits of ${retryAfterMs.join(', ')} minutes are kept within ${maxAgeMs}`, () => {
    const settings = {
      ...defaultSettings,
      jitter: 0,
      retryAfterMs: retryAfterMs.map((minutes) => minutes * minuteMs),
      maxAgeMs: maxAgeMs * minuteMs,
    };
    const times: number[] = [];
    for (let nowMs = 0; times.length < 50;) {
      const facts = { attempts: times.length + 1, startMs: 0, nowMs, delayTold: true, chance: 0 };
      const step = nextStep(facts, settings);
      if (step.kind === 'giveUp') break;
      nowMs = step.atMs;
      times.push(nowMs / minuteMs);
    }
    assert.deepEqual(times, want);
  });
}

test('nextStep: the end of a pause is waited for, and the age counts on', () => {
  const facts = { attempts: 1, startMs: 0, nowMs: hourMs, delayTold: true, chance: 0 };
  const pausedUntilMs = hourMs + 5 * minuteMs;
  assert.deepEqual(nextStep({ ...facts, pausedUntilMs }, defaultSettings), {
    kind: 'retry',
    atMs: pausedUntilMs,
    tellDelay: false,
  });
  const old = { ...facts, nowMs: 47.9 * hourMs, pausedUntilMs: 49 * hourMs };
  assert.deepEqual(nextStep(old, defaultSettings), { kind: 'retry', atMs: 48 * hourMs, tellDelay: false });
  assert.deepEqual(nextStep({ ...old, nowMs: 48 * hourMs }, defaultSettings), { kind: 'giveUp' });
});
