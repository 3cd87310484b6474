/** Bounds the requests under way: others wait for their turn. */
export class RequestGate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  /** Waits for a place, which is given back when disposed. */
  async enter(): Promise<Disposable> {
    if (this.#taken >= this.#most) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    } else this.#taken += 1;
    return { [Symbol.dispose]: () => this.#leave() };
  }

  /** Resolves when all places are free. */
  async idle(): Promise<void> {
    if (this.#taken === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next();
    this.#taken -= 1;
    if (this.#taken > 0) return;
    this.#idle?.resolve();
    this.#idle = null;
  }
}
