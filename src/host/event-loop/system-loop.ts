import type { EventLoop } from '#ports/event-loop';
import { maxSliceMs } from './limits.ts';

/** Work that waits for the loop to go round. */
interface Waiting {
  readonly resume: () => void;
  /** Used part of a slice, in milliseconds, from which on it waits for the next. */
  readonly maxUsedMs: number;
}

/**
 * Node's loop. All work of the process shares one slice of time: it begins when the loop went round, and when it is used up, whatever asks waits.
 * In each round the loop first serves sockets, then the work that waits here, in order, as long as one slice lasts and at least one piece of it. Work that
 * goes on after a pause and pauses again lets that which pauses for the first time go before: what is short then ends within a round.
 */
export class SystemLoop implements EventLoop {
  readonly #maxSliceMs: number;
  /** Used part of a slice with which it still counts as a new one. */
  readonly #newSliceMs: number;
  readonly #monotonic: () => number;
  #sinceMs = 0;
  /** Work that goes on in this order. */
  readonly #waiting: Waiting[] = [];
  /** Work that had its turn and is not through; the first of it joins the others in each round. */
  readonly #long: Waiting[] = [];
  /** True while work runs that waited here. */
  #isResumed = false;
  /** An immediate or a tick will serve what waits. */
  #isServing = false;
  #isRenewing = false;

  /** @param monotonic  Milliseconds from an arbitrary start. */
  constructor(sliceMs: number, monotonic: () => number) {
    this.#maxSliceMs = sliceMs;
    this.#newSliceMs = sliceMs / 8;
    this.#monotonic = monotonic;
  }

  pause(): Promise<void> | null {
    return this.#ask(this.#maxSliceMs);
  }

  turn(): Promise<void> | null {
    return this.#ask(this.#newSliceMs);
  }

  #ask(maxUsedMs: number): Promise<void> | null {
    // The slice may have begun before this work did, when the loop was idle or nothing asked: then one pause is for nothing, and a new slice begins.
    if (this.#monotonic() - this.#sinceMs <= maxUsedMs) return null;
    if (!this.#isRenewing) {
      this.#isRenewing = true;
      afterMicrotasks(this.#renew);
    }
    if (!this.#isServing) {
      this.#isServing = true;
      setImmediate(this.#serve);
    }
    return new Promise((resume) => {
      (this.#isResumed ? this.#long : this.#waiting).push({ resume, maxUsedMs });
    });
  }

  /** The work that paused has ended for now: what runs next comes from the loop and may use a slice of its own. */
  readonly #renew = (): void => {
    this.#isRenewing = false;
    this.#sinceMs = this.#monotonic();
  };

  readonly #serve = (): void => {
    this.#sinceMs = this.#monotonic();
    const long = this.#long.shift();
    if (long !== undefined) this.#waiting.push(long);
    this.#next();
  };

  readonly #goOn = (): void => {
    this.#isResumed = false;
    const next = this.#waiting[0] ?? this.#long[0];
    if (next === undefined) this.#isServing = false;
    else if (this.#monotonic() - this.#sinceMs <= next.maxUsedMs) this.#next();
    else setImmediate(this.#serve);
  };

  #next(): void {
    this.#isResumed = true;
    (this.#waiting.shift() ?? this.#long.shift())?.resume();
    afterMicrotasks(this.#goOn);
  }
}

/** Calls `fn` when the microtask queue is empty. A tick alone would come before microtasks that wait already. */
function afterMicrotasks(fn: () => void): void {
  queueMicrotask(() => process.nextTick(fn));
}

/** The loop of this process. */
export const systemLoop: EventLoop = new SystemLoop(maxSliceMs, () => performance.now());
