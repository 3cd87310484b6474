import type { Answer } from '#ports/resolver';

/** Bounds of the cache. */
export const defaultCacheLimits = { maxEntries: 10_000, maxTtlS: 86_400 } as const;

/** Found and absent answers for as long as their TTL says; the longest unused go first when it is full. */
export class AnswerCache {
  readonly #entries = new Map<string, { readonly answer: Answer<unknown>; readonly untilMs: number }>();
  readonly #limits: { readonly maxEntries: number; readonly maxTtlS: number };

  constructor(limits: { readonly maxEntries: number; readonly maxTtlS: number } = defaultCacheLimits) {
    this.#limits = limits;
  }

  /** The answer with what is left of its TTL; undefined when unknown or expired. `nowMs` is monotonic. */
  get(key: string, nowMs: number): Answer<unknown> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.untilMs <= nowMs || entry.answer.kind === 'failed') return undefined;
    this.#entries.set(key, entry);
    return { ...entry.answer, ttlS: Math.ceil((entry.untilMs - nowMs) / 1000) };
  }

  /** Keeps an answer; failures and those with a TTL of 0 are not kept. */
  set(key: string, answer: Answer<unknown>, nowMs: number): void {
    if (answer.kind === 'failed' || answer.ttlS <= 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, { answer, untilMs: nowMs + Math.min(answer.ttlS, this.#limits.maxTtlS) * 1000 });
    if (this.#entries.size <= this.#limits.maxEntries) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}
