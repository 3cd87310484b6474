/**
 * Work that other processes do for a test, such as statements of a database server: `FakeClock.advance` waits for it as it does for flushes,
 * since Node cannot say that a socket will answer.
 */
class OutsideWork {
  #count = 0;

  /** True while some is under way. */
  get isUnderWay(): boolean {
    return this.#count > 0;
  }

  /** Counts `work` until it is settled. @returns a promise that settles as it does. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work;
    } finally {
      this.#count -= 1;
    }
  }
}

/** The work of this process's tests. */
export const outsideWork = new OutsideWork();
