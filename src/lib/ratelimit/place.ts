/** A place that is held until it is disposed. Disposing it again does nothing. */
export class Place implements Disposable {
  #leave: (() => void) | null;

  /** @param leave  Called once, when the place is given back. */
  constructor(leave: () => void) {
    this.#leave = leave;
  }

  [Symbol.dispose](): void {
    const leave = this.#leave;
    this.#leave = null;
    leave?.();
  }
}
