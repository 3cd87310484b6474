import type { EventLoop } from '#ports/event-loop';

/** One user at a time, first come first served; hands over without delay unless the process has used up its slice of the event loop. */
export class Turns {
  readonly #loop: EventLoop;
  #isTaken = false;
  #waiting: (() => void)[] = [];
  #next = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** Reports whether the turn is taken. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Resolves, always in a later microtask, when it is the caller's turn, who must call `release` exactly once. */
  async take(): Promise<void> {
    // Before the turn is taken, so that a caller that pauses keeps no other caller from it.
    const pause = this.#loop.pause();
    if (pause !== null) await pause;
    if (!this.#isTaken) {
      this.#isTaken = true;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Ends the caller's turn. */
  release(): void {
    const begin = this.#waiting[this.#next];
    if (begin === undefined) {
      this.#waiting = [];
      this.#next = 0;
      this.#isTaken = false;
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
