/** Runs pieces of work one after the other, in the order in which they came; one that fails does not stop the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins `work` when all that came before has ended. @returns what it returns; rejects as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all that came so far has ended, well or not. */
  async ended(): Promise<void> {
    await this.#last;
  }
}
