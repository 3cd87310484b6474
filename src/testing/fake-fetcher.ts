import { setTimeout as delay } from 'node:timers/promises';
import type { Fetched, Fetcher, FetchRequest } from '#ports/fetcher';

/** HTTPS from a table, for tests: what is not in `answers` has no address. `urls` lists what was fetched, in order. */
export class FakeFetcher implements Fetcher {
  readonly urls: string[] = [];
  /** Requests with POST, in order. */
  readonly posts: FetchRequest[] = [];
  readonly answers = new Map<string, Fetched>();
  /** URLs whose host takes a request and never answers: only the time or the signal ends it. */
  readonly silent = new Set<string>();
  /** While set, fetches wait for it before they answer. */
  gate: Promise<void> | null = null;

  async fetch(request: FetchRequest): Promise<Fetched> {
    const { url, maxBytes, timeoutMs, signal } = request;
    signal?.throwIfAborted();
    const parsed = URL.parse(url);
    if (parsed === null || parsed.protocol !== 'https:' || parsed.username !== '' || parsed.password !== '')
      return { kind: 'failed', why: 'protocol', reason: 'not an https URL' };
    this.urls.push(url);
    if (request.post !== undefined) this.posts.push(request);
    if (this.silent.has(url)) {
      await untilOpen(delay(timeoutMs, undefined, { ref: false }), signal);
      return { kind: 'failed', why: 'timeout', reason: 'no complete answer in time' };
    }
    if (this.gate !== null) await untilOpen(this.gate, signal);
    const answer = this.answers.get(url) ?? { kind: 'failed', why: 'name', reason: 'no address' };
    return answer.kind === 'response' ? { ...answer, body: answer.body.subarray(0, maxBytes) } : answer;
  }

  /** Serves a text at a URL. */
  serve(
    url: string,
    text: string,
    more: { readonly status?: number; readonly contentType?: string | null; readonly retryAfter?: string } = {},
  ): void {
    const body = new TextEncoder().encode(text);
    this.answers.set(url, { kind: 'response', status: 200, contentType: 'text/plain', ...more, body });
  }
}

async function untilOpen(gate: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([gate, promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
