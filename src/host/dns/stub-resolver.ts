import { classify, encodeName } from '#lib/dns';
import type { Clock } from '#ports/clock';
import type { Random } from '#ports/random';
import type { Answer, RecordType, Records, Resolver } from '#ports/resolver';
import { AnswerCache, defaultCacheLimits } from './cache.ts';
import { exchange } from './exchange.ts';
import type { NameServer, SettingsSource } from './settings.ts';

/** Dependencies of the resolver. */
export interface StubResolverDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: SettingsSource;
  readonly cacheLimits?: { readonly maxEntries: number; readonly maxTtlS: number };
}

const maxTotalMs = 10_000;
/** RFC 1035 §3.1: a name has at most 253 characters, so this has a bit for each letter. */
const caseBytes = 32;

/**
 * A stub resolver: asks the configured recursive resolvers one after another, caches answers for their TTL, and sends one query for concurrent
 * equal questions. When no server is configured or none can be reached, the answer is `unavailable` at once.
 */
export class StubResolver implements Resolver, Disposable {
  readonly #deps: StubResolverDeps;
  readonly #cache: AnswerCache;
  readonly #inFlight = new Map<string, Promise<Answer<unknown>>>();
  readonly #closing = new AbortController();

  constructor(deps: StubResolverDeps) {
    this.#deps = deps;
    this.#cache = new AnswerCache(deps.cacheLimits ?? defaultCacheLimits);
  }

  async query<K extends RecordType>(name: string, type: K, signal?: AbortSignal): Promise<Answer<Records[K]>> {
    signal?.throwIfAborted();
    const plain = name.toLowerCase().replace(/\.$/, '');
    // A name that DNS cannot carry (RFC 1035 §2.3.4: 63 octets for a label, 255 for a name) cannot exist.
    if (encodeName(plain) === null) return { kind: 'absent', why: 'nxdomain', authentic: false, ttlS: 0 };
    const key = `${type} ${plain}`;
    const known = this.#cache.get(key, this.#deps.clock.monotonic());
    if (known !== undefined) return known as Answer<Records[K]>;
    let asking = this.#inFlight.get(key);
    if (asking === undefined) {
      asking = this.#ask(plain, type, key).finally(() => this.#inFlight.delete(key));
      this.#inFlight.set(key, asking);
    }
    return (await unlessAborted(asking, signal)) as Answer<Records[K]>;
  }

  /** Ends pending queries, which then resolve as `timeout`. */
  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  async #ask<K extends RecordType>(name: string, type: K, key: string): Promise<Answer<Records[K]>> {
    const { clock, settings } = this.#deps;
    const { servers, timeoutMs, attempts } = await settings.current();
    const endMs = clock.monotonic() + maxTotalMs;
    let failure: Answer<Records[K]> = { kind: 'failed', why: 'unavailable' };
    let waiting: readonly NameServer[] = servers;
    for (let round = 0; round < attempts && waiting.length > 0; round += 1) {
      const silent: NameServer[] = [];
      for (const server of waiting) {
        const leftMs = endMs - clock.monotonic();
        if (leftMs <= 0 || this.#closing.signal.aborted) return { kind: 'failed', why: 'timeout' };
        const result = await exchange({
          server,
          query: { name, type, id: this.#id(), caseBits: this.#deps.random.bytes(caseBytes) },
          timeoutMs: Math.min(timeoutMs, leftMs),
          clock,
          signal: this.#closing.signal,
        });
        if (result.kind === 'unreachable') continue;
        if (result.kind === 'timeout') {
          silent.push(server);
          if (isWorse(failure)) failure = { kind: 'failed', why: 'timeout' };
          continue;
        }
        const answer = classify(result.message, { name, type, isTrusted: server.isTrusted });
        if (answer.kind !== 'failed') {
          this.#cache.set(key, answer, clock.monotonic());
          return answer;
        }
        failure = answer;
      }
      // Servers that have answered or cannot be reached do no better in a second round.
      waiting = silent;
    }
    return failure;
  }

  #id(): number {
    const [high = 0, low = 0] = this.#deps.random.bytes(2);
    return (high << 8) | low;
  }
}

/** Reports whether a timeout is more informative than this failure. */
function isWorse(answer: Answer<unknown>): boolean {
  return answer.kind === 'failed' && answer.why === 'unavailable';
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
