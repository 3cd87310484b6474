/** Request of a fetch. */
export interface FetchRequest {
  /** Scheme https, without user and password. */
  readonly url: string;
  /** Longest body in bytes; the rest is cut off and not waited for. */
  readonly maxBytes: number;
  /** For everything, from the lookup of addresses to the last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Sends this with POST. Default: GET. */
  readonly post?: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array };
  /** Connects to public addresses only, for URLs that strangers chose: a name that leads elsewhere has no address. Default: false. */
  readonly onlyPublic?: boolean;
}

/**
 * Why there is no response. `name`: it has no address, or DNS failed; `connect`: no answer, or the connection broke;
 * `certificate`: it is not for the host, not by an authority that we trust, or out of date; `tls`: no handshake for another reason;
 * `protocol`: what came is no HTTP, or what was asked for no https URL.
 */
export type FetchFailure = 'name' | 'connect' | 'certificate' | 'tls' | 'timeout' | 'protocol';

/** Result of a fetch. */
export type Fetched =
  | {
      readonly kind: 'response';
      /** Any: redirects are not followed. */
      readonly status: number;
      /** Value of Content-Type, null when there was none. */
      readonly contentType: string | null;
      /** Value of Retry-After; omitted when there was none. */
      readonly retryAfter?: string;
      /** At most `maxBytes`. */
      readonly body: Uint8Array;
    }
  | {
      readonly kind: 'failed';
      readonly why: FetchFailure;
      /** For people. */
      readonly reason: string;
    };

/**
 * GET and POST by HTTPS, with the server's certificate verified and no cache. Never throws for what the network does: rejects with the signal's
 * reason only.
 */
export interface Fetcher {
  /** One request and its answer; see `FetchRequest` for the limits. */
  fetch(request: FetchRequest): Promise<Fetched>;
}
