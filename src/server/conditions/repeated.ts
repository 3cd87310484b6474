import type { Clock } from '#ports/clock';

/** Work that is done again and again, each time a while after it ended, until disposed. Disposing waits for what is under way. */
export class Repeated implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #work: () => Promise<void>;
  #timer: Disposable | null = null;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** @param work  Must not reject. */
  constructor(clock: Clock, waitMs: number, work: () => Promise<void>) {
    this.#clock = clock;
    this.#waitMs = waitMs;
    this.#work = work;
  }

  /** Waits for the first time from now on. */
  start(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.timer(this.#waitMs, () => {
      this.#running = this.#work().finally(() => this.start());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }
}
