import type { EventLoop } from '#ports/event-loop';

/**
 * The mutex of one database: one holder at a time, first come first served. It is handed over without delay unless the process has used up its slice
 * of the event loop, which sets it apart from `Mutex` of `#lib/mutex`.
 */
export class DatabaseMutex {
  readonly #loop: EventLoop;
  #isHeld = false;
  #waiting: (() => void)[] = [];
  #next = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** Reports whether it is held. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Resolves, always in a later microtask, when the caller holds it; the caller must call `release` exactly once. */
  async acquire(): Promise<void> {
    // Before it is acquired, so that a caller that pauses keeps no other caller from it.
    const pause = this.#loop.pause();
    if (pause !== null) await pause;
    if (!this.#isHeld) {
      this.#isHeld = true;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Gives it to the caller that has waited longest. */
  release(): void {
    const begin = this.#waiting[this.#next];
    if (begin === undefined) {
      this.#waiting = [];
      this.#next = 0;
      this.#isHeld = false;
      return;
    }
    this.#next += 1;
    if (this.#next === 1024) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    const pause = this.#loop.pause();
    if (pause === null) begin();
    else void pause.then(begin);
  }
}
