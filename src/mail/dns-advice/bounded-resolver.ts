import type { Answer, Records, RecordType, Resolver } from '#ports/resolver';

/** Runs at most `max` tasks at a time; the others wait in order. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  /** Runs `task` as soon as there is room. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/** A resolver for one check: it asks each question once, a few at a time, up to a maximum. An abort is a timeout, not an exception. */
export class BoundedResolver implements Resolver {
  readonly #resolver: Resolver;
  readonly #signal: AbortSignal;
  readonly #gate: Gate;
  readonly #asked = new Map<string, Promise<Answer<unknown>>>();
  #left: number;

  constructor(
    resolver: Resolver,
    limits: { readonly maxConcurrentQueries: number; readonly maxQueries: number },
    signal: AbortSignal,
  ) {
    this.#resolver = resolver;
    this.#signal = signal;
    this.#gate = new Gate(limits.maxConcurrentQueries);
    this.#left = limits.maxQueries;
  }

  query<K extends RecordType>(name: string, type: K): Promise<Answer<Records[K]>> {
    const key = `${type} ${name.toLowerCase()}`;
    const asked = this.#asked.get(key);
    // The key contains the record type, so an answer found under it has this type.
    if (asked !== undefined) return asked as Promise<Answer<Records[K]>>;
    const answer = this.#ask(name, type);
    this.#asked.set(key, answer);
    return answer;
  }

  async #ask<K extends RecordType>(name: string, type: K): Promise<Answer<Records[K]>> {
    if (this.#left === 0) return { kind: 'failed', why: 'unavailable' };
    this.#left -= 1;
    try {
      return await this.#gate.run(() =>
        this.#signal.aborted
          ? Promise.resolve({ kind: 'failed', why: 'timeout' } as const)
          : this.#resolver.query(name, type, this.#signal),
      );
    } catch (error) {
      if (this.#signal.aborted) return { kind: 'failed', why: 'timeout' };
      throw error;
    }
  }
}
