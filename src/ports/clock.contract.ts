import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from './clock.ts';

/** Tests what every `Clock` must do; `pass` lets at least `ms` go by on it. */
export function clockContract(
  name: string,
  open: () => { readonly clock: Clock; readonly pass: (ms: number) => Promise<void> },
): void {
  test(`${name}: time goes on, and timers run in order of time`, async () => {
    const { clock, pass } = open();
    const [nowMs, monotonicMs] = [clock.now(), clock.monotonic()];
    const heard: number[] = [];
    const slept = clock.sleep(2).then(() => heard.push(2));
    using _b = clock.timer(12, () => heard.push(12));
    using _a = clock.timer(4, () => heard.push(4));
    const never = clock.timer(8, () => heard.push(8));
    never[Symbol.dispose]();
    never[Symbol.dispose]();
    await pass(30);
    await slept;
    assert.deepEqual(heard, [2, 4, 12]);
    assert.ok(clock.now() >= nowMs + 12);
    assert.ok(clock.monotonic() >= monotonicMs + 12);
  });

  test(`${name}: sleep ends with the signal's reason, before and while it lasts`, async () => {
    const { clock } = open();
    const reason = new Error('shutting down');
    await assert.rejects(clock.sleep(1000, AbortSignal.abort(reason)), reason);
    const abort = new AbortController();
    const sleeping = clock.sleep(3_000_000_000, abort.signal);
    abort.abort(reason);
    await assert.rejects(sleeping, reason);
  });
}
