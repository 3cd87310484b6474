import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fetched, Fetcher } from './fetcher.ts';

/** A fetcher for one test, and URLs that it knows. */
export interface OpenedFetcher extends AsyncDisposable {
  readonly fetcher: Fetcher;
  readonly urls: {
    /** 200 with `text/plain` and the body `0123456789`. */
    readonly text: string;
    /** 404 without Content-Type and with an empty body. */
    readonly missing: string;
    /** A redirect with 301 to `text`. */
    readonly moved: string;
    /** The name has no address. */
    readonly nowhere: string;
    /** Nothing listens. */
    readonly refused: string;
    /** Takes the request and never answers. */
    readonly silent: string;
  };
}

const limits = { maxBytes: 100, timeoutMs: 10_000 };

/** Tests what every `Fetcher` must do; `name` begins the titles. */
export function fetcherContract(name: string, open: () => Promise<OpenedFetcher>): void {
  test(`${name}: a response has status, type and body; any status is one, and redirects are not followed`, async () => {
    await using opened = await open();
    const { fetcher, urls } = opened;
    assert.equal(show(await fetcher.fetch({ url: urls.text, ...limits })), '200 text/plain 0123456789');
    assert.equal(show(await fetcher.fetch({ url: urls.missing, ...limits })), '404 null ');
    assert.match(show(await fetcher.fetch({ url: urls.moved, ...limits })), /^301 /);
  });

  for (const [maxBytes, want] of [
    [4, '0123'],
    [10, '0123456789'],
    [0, ''],
  ] as const) {
    test(`${name}: a body is cut off at ${maxBytes} bytes`, async () => {
      await using opened = await open();
      const fetched = await opened.fetcher.fetch({ url: opened.urls.text, ...limits, maxBytes });
      assert.equal(show(fetched), `200 text/plain ${want}`);
    });
  }

  test(`${name}: what the network does is a result with its reason, never an exception`, async () => {
    await using opened = await open();
    const { fetcher, urls } = opened;
    for (const [url, why] of [
      [urls.nowhere, 'name'],
      [urls.refused, 'connect'],
    ] as const) {
      const fetched = await fetcher.fetch({ url, ...limits });
      assert.ok(fetched.kind === 'failed');
      assert.equal(fetched.why, why);
      assert.notEqual(fetched.reason, '');
    }
    assert.equal(show(await fetcher.fetch({ url: urls.silent, ...limits, timeoutMs: 50 })), 'timeout');
  });

  test(`${name}: only https URLs without user and password are fetched`, async () => {
    await using opened = await open();
    const { fetcher, urls } = opened;
    for (const url of [
      urls.text.replace('https:', 'http:'),
      urls.text.replace('https://', 'https://ann:secret@'),
      'file:///etc/passwd',
      'no URL',
    ])
      assert.equal(show(await fetcher.fetch({ url, ...limits })), 'protocol', url);
  });

  test(`${name}: an abort rejects with the signal's reason, before and while it lasts`, async () => {
    await using opened = await open();
    const { fetcher, urls } = opened;
    const reason = new Error('shutting down');
    await assert.rejects(fetcher.fetch({ url: urls.text, ...limits, signal: AbortSignal.abort(reason) }), reason);
    const abort = new AbortController();
    const fetching = assert.rejects(fetcher.fetch({ url: urls.silent, ...limits, signal: abort.signal }), reason);
    setImmediate(() => abort.abort(reason));
    await fetching;
  });
}

function show(fetched: Fetched): string {
  if (fetched.kind === 'failed') return fetched.why;
  return `${fetched.status} ${fetched.contentType} ${new TextDecoder().decode(fetched.body)}`;
}
