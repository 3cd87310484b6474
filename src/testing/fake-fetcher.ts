import type { Fetched, Fetcher, FetchRequest } from '#ports/fetcher';

/** HTTPS from a table, for tests: what is not in `answers` has no address. `urls` lists what was fetched, in order. */
export class FakeFetcher implements Fetcher {
  readonly urls: string[] = [];
  readonly answers = new Map<string, Fetched>();
  /** While set, fetches wait for it before they answer. */
  gate: Promise<void> | null = null;

  async fetch({ url, maxBytes, signal }: FetchRequest): Promise<Fetched> {
    signal?.throwIfAborted();
    this.urls.push(url);
    if (this.gate !== null) await untilOpen(this.gate, signal);
    const answer = this.answers.get(url) ?? { kind: 'failed', why: 'name', reason: 'no address' };
    return answer.kind === 'response' ? { ...answer, body: answer.body.subarray(0, maxBytes) } : answer;
  }

  /** Serves a text at a URL. */
  serve(
    url: string,
    text: string,
    more: { readonly status?: number; readonly contentType?: string | null } = {},
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
