import type { RequestFacts } from '#host/http-server';
import { parseForwarded, parseXForwarded, type ForwardedHop } from '#lib/forwarded';
import type { Parsed } from '#lib/parsed';
import { Networks } from '#server/admission';

/** Proxies that forward requests, and the fields that they set, such as Forwarded (RFC 7239 §4). */
export interface ForwardingOptions {
  /** Networks in CIDR notation. */
  readonly from: readonly string[];
  readonly header: 'x-forwarded' | 'forwarded';
}

/** A request with its facts. */
export interface Forwarded {
  readonly request: Request;
  readonly facts: RequestFacts;
}

/** Puts the client in the place of the proxies in front of the server, as far as their networks are configured: other clients may write such fields as they like (RFC 7239 §8.1). */
export class Forwarding {
  readonly #proxies: Networks;
  readonly #header: ForwardingOptions['header'];

  constructor({ from, header }: ForwardingOptions) {
    this.#proxies = new Networks(from);
    this.#header = header;
  }

  /** Returns the request as the outermost of our proxies got it; null when the fields of a proxy are malformed. */
  apply(request: Request, facts: RequestFacts): Forwarded | null {
    const { address: proxy } = facts.remote;
    if (!this.#proxies.has(proxy)) return { request, facts };
    const hops = this.#hopsOf(request.headers);
    if (!hops.ok) return null;
    let seen: ForwardedHop | null = null;
    let client = proxy;
    for (const hop of hops.value.toReversed()) {
      seen = hop;
      if (hop.address === null) break;
      client = hop.address;
      if (!this.#proxies.has(client)) break;
    }
    // A request of the proxy itself, such as a health check.
    if (seen === null) return { request, facts };
    const isTls = seen.isTls ?? facts.isTls;
    const before = new URL(request.url);
    const url = URL.parse(
      `${isTls ? 'https' : 'http'}://${seen.host ?? before.host}${before.pathname}${before.search}`,
    );
    if (url === null) return null;
    facts.noteClient(client);
    const remote = client === proxy ? facts.remote : { address: client, port: 0 };
    return { request: new Request(url, request), facts: { ...facts, remote, isTls } };
  }

  #hopsOf(headers: Headers): Parsed<readonly ForwardedHop[]> {
    if (this.#header === 'x-forwarded') {
      const field = (name: string): string | null => headers.get(`X-Forwarded-${name}`);
      return parseXForwarded(field('For'), field('Proto'), field('Host'));
    }
    const field = headers.get('Forwarded');
    return field === null ? parseXForwarded(null, null, null) : parseForwarded(field);
  }
}
