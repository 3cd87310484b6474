import type { Clock } from '#ports/clock';
import { outsideWork } from './outside-work.ts';

interface FakeTimer {
  readonly atMs: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that stands still until `advance`: weeks of queue run in milliseconds, always in the same order. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  #timers: FakeTimer[] = [];
  #order = 0;
  #wallShiftMs = 0;

  /** @param startMs  Milliseconds since 1970 at the beginning; by default 2026-01-01T00:00:00Z. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs + this.#wallShiftMs;
  }

  /** Sets the clock on the wall forward or back, as an operator may; monotonic time goes on. */
  shiftWall(byMs: number): void {
    this.#wallShiftMs += byMs;
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(reasonOf(signal));
        return;
      }
      const timer = this.timer(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      const onAbort = (): void => {
        timer[Symbol.dispose]();
        reject(signal === undefined ? new Error('aborted') : reasonOf(signal));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  timer(ms: number, fn: () => void): Disposable {
    this.#order += 1;
    const timer: FakeTimer = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order, fn };
    this.#timers.push(timer);
    return {
      [Symbol.dispose]: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Timers and sleeps that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** When the next timer is due, null when none waits. */
  get nextMs(): number | null {
    return this.#next()?.atMs ?? null;
  }

  /** Lets `ms` pass: runs what falls due in order of time, and lets everything that it sets off come to rest between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#next(); timer !== null && timer.atMs <= endMs; timer = this.#next()) {
      const due = timer;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fn();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #next(): FakeTimer | null {
    let next: FakeTimer | null = null;
    for (const timer of this.#timers) {
      if (next === null || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
        next = timer;
    }
    return next;
  }
}

/** Turns of the event loop without flushes after which everything is taken to have come to rest. */
const quietTurns = 5;
/** A flush that lasts longer is not waited for: real time of a machine in trouble. */
const maxSettleMs = 60_000;

/**
 * Lets microtasks, ticks, immediates, the flushes of commits and work of other processes run until nothing follows from them any more.
 * Requests of `fs/promises` are not waited for: Node lists them until they are collected as garbage.
 */
async function settle(): Promise<void> {
  const endMs = performance.now() + maxSettleMs;
  for (let quiet = 0; quiet < quietTurns && performance.now() < endMs; quiet += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (outsideWork.isUnderWay || process.getActiveResourcesInfo().includes('FSReqCallback')) quiet = -1;
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
