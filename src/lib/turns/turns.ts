/** Runs pieces of work one after another, in the order of their arrival. A failure does not stop the next one. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts `work` when all earlier work has ended. Resolves or rejects as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all work so far has ended, successfully or not. */
  async ended(): Promise<void> {
    await this.#last;
  }
}
