const windowMs = 10_000;

/** Counts frames of one connection in windows of ten seconds. */
export class FrameCount {
  readonly #max: number;
  #sinceMs = -Infinity;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one frame. @returns false when there were too many. */
  add(nowMs: number): boolean {
    if (nowMs - this.#sinceMs > windowMs) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#max;
  }
}
