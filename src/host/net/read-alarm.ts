/** One timer for all reads of a connection: setting and stopping it costs a clock reading instead of a timer. */
export class ReadAlarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | null = null;
  /** Time at which the timer fires, and deadline of the waiting read; both by the monotonic clock. */
  #looksAtMs = 0;
  #deadlineMs = Infinity;

  /** @param ring  Called when a deadline has passed. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings after `ms` unless it is stopped or set again. */
  set(ms: number): void {
    const nowMs = performance.now();
    this.#deadlineMs = nowMs + ms;
    if (this.#timer !== null && this.#looksAtMs <= this.#deadlineMs) return;
    this.#arm(nowMs);
  }

  /** Clears the deadline. The timer may fire once more, without effect. */
  stop(): void {
    this.#deadlineMs = Infinity;
  }

  /** Stops for good. */
  end(): void {
    this.#deadlineMs = Infinity;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(nowMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delayMs = Math.min(Math.max(1, Math.ceil(this.#deadlineMs - nowMs)), 0x7fff_ffff);
    this.#looksAtMs = nowMs + delayMs;
    this.#timer = setTimeout(() => this.#look(), delayMs);
    // The connection keeps the process alive; its timer need not.
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = null;
    if (this.#deadlineMs === Infinity) return;
    const nowMs = performance.now();
    if (nowMs < this.#deadlineMs) {
      this.#arm(nowMs);
      return;
    }
    this.#deadlineMs = Infinity;
    this.#ring();
  }
}
