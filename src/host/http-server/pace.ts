/** The pace of a peer in one direction: time counts only while we wait for it. */
export class Pace {
  readonly #graceMs: number;
  readonly #minBytesPerSecond: number;
  #waitedMs = 0;
  #sinceMs: number | null = null;
  #bytes = 0;

  constructor(limits: { readonly graceMs: number; readonly minBytesPerSecond: number }) {
    this.#graceMs = limits.graceMs;
    this.#minBytesPerSecond = limits.minBytesPerSecond;
  }

  /** Bytes moved so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to wait for the peer. */
  wait(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  /** Ends a wait, if there is one, after which `bytes` more have moved. */
  moved(bytes: number, nowMs: number): void {
    this.#bytes += bytes;
    if (this.#sinceMs !== null) this.#waitedMs += nowMs - this.#sinceMs;
    this.#sinceMs = null;
  }

  /** Reports whether the peer has been waited for longer than its bytes excuse. */
  isTooSlow(nowMs: number): boolean {
    if (this.#sinceMs === null) return false;
    const waitedMs = this.#waitedMs + nowMs - this.#sinceMs;
    return waitedMs > this.#graceMs + (this.#bytes / this.#minBytesPerSecond) * 1000;
  }
}
