import { Hono } from 'hono/tiny';
import type { HttpHandler, RequestFacts } from '#host/http-server';
import type { Area } from './area.ts';
import { Cors } from './cors.ts';
import { Forwarding, type ForwardingOptions } from './forwarding.ts';
import { isOwnHost } from './host-check.ts';
import { isOwnOrigin } from './origin-check.ts';
import { plainAnswer } from './plain-answer.ts';
import { hsts } from './security-headers.ts';

/** Options of a router. */
export interface RouterOptions {
  readonly areas: readonly Area[];
  /** Names under which clients may ask, besides the addresses of connections. */
  readonly hosts: readonly string[];
  /** Reports whether a further name (lower case, without port; IPv6 in brackets) is right. */
  readonly isHost: (name: string) => boolean;
  /** Origins of other sites whose pages may ask. */
  readonly allowedOrigins: readonly string[];
  /** Proxies that forward requests; none when omitted. */
  readonly forwarding?: ForwardingOptions | undefined;
}

/** Makes the handler for all requests of a port: checks host and origin, then asks the area of the path. */
export function router({ areas, hosts, isHost, allowedOrigins, forwarding }: RouterOptions): HttpHandler {
  const proxies = forwarding === undefined ? null : new Forwarding(forwarding);
  const names = new Set(hosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins);
  const cors = new Cors(origins);
  const app = new Hono<{ Bindings: RequestFacts }>();
  app.use(async ({ req: { raw }, env }, next) => {
    const { hostname } = new URL(raw.url);
    // RFC 9110 §15.5.20: the server is not configured for the authority of the request.
    if (!isOwnHost(hostname, env.local.address, names) && !isHost(hostname.toLowerCase().replace(/\.$/, '')))
      return plainAnswer(421, `This server does not answer for ${hostname}: add it to "hosts" of the listener.`);
    const preflight = cors.preflight(raw);
    if (preflight !== null) return preflight;
    if (!isOwnOrigin(raw, origins)) return plainAnswer(403, 'Pages of other sites may not send this request.');
    return await next();
  });
  for (const { paths, maxBodyBytes, handle, tooLong } of areas) {
    for (const path of paths) {
      app.all(path, ({ req: { raw }, env }) => {
        const refuse = (): Response =>
          tooLong?.(raw) ?? plainAnswer(413, `The body of the request is too long: at most ${maxBodyBytes} bytes.`);
        env.limitBody(maxBodyBytes, refuse);
        const declared = Number(raw.headers.get('Content-Length') ?? 0);
        return declared > maxBodyBytes ? refuse() : handle(raw, env);
      });
    }
  }
  app.notFound(() => plainAnswer(404, 'There is nothing here.'));
  app.onError((error) => {
    throw error;
  });
  return async (received, ownFacts) => {
    const forwarded = proxies === null ? { request: received, facts: ownFacts } : proxies.apply(received, ownFacts);
    if (forwarded === null) return plainAnswer(400, 'The proxy in front of this server sends malformed header fields.');
    const { request, facts } = forwarded;
    const response = cors.allow(request, await app.fetch(request, facts));
    // A proxy that has a certificate, which is its own affair, must not be left for plaintext.
    if (facts.isTls && !ownFacts.isTls && !isLocalName(request)) response.headers.set(...hsts);
    return response;
  };
}

/** Reports whether a request is for a name that means the client's own machine, where browsers must not remember HSTS. */
function isLocalName({ url }: Request): boolean {
  return /(?:^|\.)localhost\.?$/.test(new URL(url).hostname);
}
