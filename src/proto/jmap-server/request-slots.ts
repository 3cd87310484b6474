/** Counts requests under way for each account, so that one user cannot take the server's time from others. */
export class RequestSlots {
  readonly #most: number;
  readonly #taken = new Map<string, number>();

  /** @param most  Requests of one account at the same time. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a slot until it is disposed; null when the account has none left. */
  take(account: string): Disposable | null {
    const taken = this.#taken.get(account) ?? 0;
    if (taken >= this.#most) return null;
    this.#taken.set(account, taken + 1);
    let isFree = false;
    return {
      [Symbol.dispose]: () => {
        if (isFree) return;
        isFree = true;
        const left = (this.#taken.get(account) ?? 1) - 1;
        if (left > 0) this.#taken.set(account, left);
        else this.#taken.delete(account);
      },
    };
  }
}
