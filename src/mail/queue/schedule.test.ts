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
  ['at the end', 12, 48 * hourMs, true, 0, { kind: 'giveUp' }],
] as const) {
  test(`nextStep: ${name}`, () => {
    assert.deepEqual(nextStep({ attempts, startMs: 0, nowMs: ageMs, delayTold, chance }, defaultSettings), want);
  });
}
