/** A mutex: runs pieces of work one at a time, in the order of their arrival. A failure does not stop the next one. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts `work` when all earlier work has ended. Resolves or rejects as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#last.then(work);
    this.#last = running.catch(() => undefined);
    return running;
  }

  /** Resolves when all work so far has ended, successfully or not. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
