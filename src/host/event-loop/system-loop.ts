import type { EventLoop } from '#ports/event-loop';
import { maxSliceMs } from './limits.ts';

/**
 * Node's loop. All work of the process shares one slice of time: it begins when the loop went round, and when it is used up, whoever asks waits.
 * In each round the loop first serves sockets, then those who wait here, in order, as long as one slice lasts and at least one of them.
 */
export class SystemLoop implements EventLoop {
  readonly #maxSliceMs: number;
  readonly #monotonic: () => number;
  #sinceMs = 0;
  readonly #waiting: (() => void)[] = [];
  /** An immediate or a tick will serve those who wait. */
  #isServing = false;
  #isRenewing = false;

  /** @param monotonic  Milliseconds from an arbitrary start. */
  constructor(sliceMs: number, monotonic: () => number) {
    this.#maxSliceMs = sliceMs;
    this.#monotonic = monotonic;
  }

  pause(): Promise<void> | null {
    // The slice may have begun before this work did, when the loop was idle or nobody asked: then one pause is for nothing, and a new slice begins.
    if (this.#monotonic() - this.#sinceMs <= this.#maxSliceMs) return null;
    if (!this.#isRenewing) {
      this.#isRenewing = true;
      afterMicrotasks(this.#renew);
    }
    if (!this.#isServing) {
      this.#isServing = true;
      setImmediate(this.#serve);
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** The work that paused has ended for now: what runs next comes from the loop and may use a slice of its own. */
  readonly #renew = (): void => {
    this.#isRenewing = false;
    this.#sinceMs = this.#monotonic();
  };

  readonly #serve = (): void => {
    this.#sinceMs = this.#monotonic();
    this.#next();
  };

  readonly #goOn = (): void => {
    if (this.#waiting.length === 0) this.#isServing = false;
    else if (this.#monotonic() - this.#sinceMs <= this.#maxSliceMs) this.#next();
    else setImmediate(this.#serve);
  };

  #next(): void {
    this.#waiting.shift()?.();
    afterMicrotasks(this.#goOn);
  }
}

/** Calls `fn` when the microtask queue is empty. A tick alone would come before microtasks that wait already. */
function afterMicrotasks(fn: () => void): void {
  queueMicrotask(() => process.nextTick(fn));
}

/** The loop of this process. */
export const systemLoop: EventLoop = new SystemLoop(maxSliceMs, () => performance.now());
