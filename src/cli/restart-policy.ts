/** The end of a worker. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** It was asked to stop. */
  readonly wasAsked: boolean;
  /** It had opened a port. */
  readonly hadListened: boolean;
  /** Time that it ran, in milliseconds. */
  readonly upMs: number;
}

const firstDelayMs = 1000;
const longestDelayMs = 60_000;
/** A worker that ran for so long had no lasting trouble. */
const steadyMs = 10 * 60_000;

/**
 * Decides when the parent starts a worker again that ended by itself: killed by the system for its memory, or by a bug. What cannot start, such
 * as with a mistake in its configuration, is not tried again unless it ran before.
 */
export class RestartPolicy {
  #delayMs = firstDelayMs;
  #hasRun = false;

  /** @returns how many milliseconds to wait; null when the worker's end is the program's. */
  afterEnd({ code, signal, wasAsked, hadListened, upMs }: WorkerEnd): number | null {
    this.#hasRun ||= hadListened;
    if (wasAsked || (code === 0 && signal === null) || !this.#hasRun) return null;
    if (upMs >= steadyMs) this.#delayMs = firstDelayMs;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(longestDelayMs, delayMs * 2);
    return delayMs;
  }
}
