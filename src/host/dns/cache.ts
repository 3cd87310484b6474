import type { Answer } from '#ports/resolver';

/** Bounds of the cache. */
export const defaultCacheLimits = { maxEntries: 10_000, maxTtlS: 86_400 } as const;

/** Cache of found and absent answers for their TTL (RFC 1035 §7.4, RFC 2308 §5). When it is full, the least recently used go first. */
export class AnswerCache {
  readonly #entries = new Map<string, { readonly answer: Answer<unknown>; readonly untilMs: number }>();
  readonly #limits: { readonly maxEntries: number; readonly maxTtlS: number };

  constructor(limits: { readonly maxEntries: number; readonly maxTtlS: number } = defaultCacheLimits) {
    this.#limits = limits;
  }

  /** Returns the answer with its remaining TTL; undefined when it is unknown or expired. `nowMs` is monotonic. */
  get(key: string, nowMs: number): Answer<unknown> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.untilMs <= nowMs || entry.answer.kind === 'failed') return undefined;
    this.#entries.set(key, entry);
    return { ...entry.answer, ttlS: Math.ceil((entry.untilMs - nowMs) / 1000) };
  }

  /** Stores an answer. Failures are not stored, nor are answers with a TTL of 0 (RFC 1035 §3.2.1: such data should not be cached). */
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
