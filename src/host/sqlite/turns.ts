/** One user at a time, first come first served; hands over without delay, but lets the event loop run now and then. */
export class Turns {
  readonly #maxRunMs: number;
  #isTaken = false;
  #waiting: (() => void)[] = [];
  #next = 0;
  #sinceMs = 0;

  /** @param maxRunMs  Longest run of hand-overs before the event loop gets a turn. */
  constructor(maxRunMs: number) {
    this.#maxRunMs = maxRunMs;
  }

  /** Whether somebody has the turn. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Resolves, always in a later microtask, when it is the caller's turn, who must call `release` exactly once. */
  async take(): Promise<void> {
    if (!this.#isTaken) {
      this.#isTaken = true;
      this.#sinceMs = performance.now();
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Ends the caller's turn. */
  release(): void {
    const next = this.#waiting[this.#next];
    if (next === undefined) {
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
    if (performance.now() - this.#sinceMs <= this.#maxRunMs) {
      next();
      return;
    }
    setImmediate(() => {
      this.#sinceMs = performance.now();
      next();
    });
  }
}
