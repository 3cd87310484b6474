const windowMs = 10_000;

/** Counts frames of one connection in windows of ten seconds. */
export class FrameCount {
  readonly #max: number;
  #sinceMs = -Infinity;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts frames. @returns false when there were too many. */
  add(nowMs: number, frames = 1): boolean {
    if (nowMs - this.#sinceMs > windowMs) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    this.#count += frames;
    return this.#count <= this.#max;
  }
}
