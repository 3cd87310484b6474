import type { EventLoop } from '#ports/event-loop';
import { maxSliceMs } from './limits.ts';

/** Work that waits for the next turn of the loop. */
interface Waiting {
  readonly resume: () => void;
  /** Used part of a slice, in milliseconds, from which on it waits for the next. */
  readonly maxUsedMs: number;
}

/**
 * Node's loop. All work of the process shares one slice of time: it begins with a turn of the loop, and when it is used up, whatever asks waits.
 * In each turn the loop first serves sockets, then the work that waits here, in order, as long as one slice lasts and at least one piece of it. Work that
 * goes on after a pause and pauses again lets that which pauses for the first time go before: what is short then ends within a turn.
 *
 * Where many ask for much at once, each gets less at a time, so that what is short waits for a small part of the work of the others: work that waits
 * divides the slice of a turn, down to an eighth each; and once sockets have used up some slices in a turn, those that follow begin with an eighth.
 */
export class SystemLoop implements EventLoop {
  readonly #maxSliceMs: number;
  /** Used part of a slice with which it still counts as a new one. */
  readonly #newSliceMs: number;
  readonly #monotonic: () => number;
  /** Beginning of the present slice, and its end. */
  #sinceMs = 0;
  #endMs = 0;
  /** Part of a slice that each gets of those who wait. */
  #shareMs = 0;
  /** Time when the loop last began to look for what sockets bring, while work waits. */
  #turnMs = 0;
  /** Work that goes on in this order. */
  readonly #waiting: Waiting[] = [];
  /** Work that ran already and is not through; the first of it joins the others in each turn. */
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

  // The slice may have begun before this work did, when the loop was idle or nothing asked: then one pause is for nothing, and a new slice begins.
  pause(): Promise<void> | null {
    const nowMs = this.#monotonic();
    return nowMs <= this.#endMs ? null : this.#wait(nowMs, this.#maxSliceMs);
  }

  beginSlice(): Promise<void> | null {
    const nowMs = this.#monotonic();
    return nowMs <= this.#sinceMs + this.#newSliceMs ? null : this.#wait(nowMs, this.#newSliceMs);
  }

  #wait(nowMs: number, maxUsedMs: number): Promise<void> {
    // Where work that waited pauses again, `#goOn` does it.
    if (!this.#isRenewing && !this.#isResumed) {
      this.#isRenewing = true;
      afterMicrotasks(this.#renew);
    }
    if (!this.#isServing) {
      this.#isServing = true;
      this.#turnMs = nowMs;
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
    const isCrowded = this.#isServing && this.#sinceMs - this.#turnMs > fullSlices * this.#maxSliceMs;
    this.#endMs = this.#sinceMs + (isCrowded ? this.#newSliceMs : this.#maxSliceMs);
  };

  readonly #serve = (): void => {
    this.#sinceMs = this.#monotonic();
    const long = this.#long.shift();
    if (long !== undefined) this.#waiting.push(long);
    this.#shareMs = Math.max(this.#newSliceMs, this.#maxSliceMs / Math.max(1, this.#waiting.length));
    this.#next(this.#sinceMs);
  };

  readonly #goOn = (): void => {
    this.#isResumed = false;
    const next = this.#waiting[0] ?? this.#long[0];
    const nowMs = this.#monotonic();
    if (next !== undefined && nowMs - this.#sinceMs <= next.maxUsedMs) return this.#next(nowMs);
    this.#isServing = next !== undefined;
    if (this.#isServing) {
      this.#turnMs = nowMs;
      setImmediate(this.#serve);
    }
    this.#renew();
  };

  #next(nowMs: number): void {
    this.#isResumed = true;
    this.#endMs = nowMs + this.#shareMs;
    (this.#waiting.shift() ?? this.#long.shift())?.resume();
    afterMicrotasks(this.#goOn);
  }
}

/** Slices that sockets may use up in one turn before each of the others begins with a short one. */
const fullSlices = 4;

/** Calls `fn` when the microtask queue is empty. A tick alone would come before microtasks that wait already. */
function afterMicrotasks(fn: () => void): void {
  queueMicrotask(() => process.nextTick(fn));
}

/** The loop of this process. */
export const systemLoop: EventLoop = new SystemLoop(maxSliceMs, () => performance.now());
