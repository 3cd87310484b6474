/**
 * HTTP (RFC 9110) on connections that `host/net` has accepted and secured, so that limits on connections, handshakes and addresses are those of all
 * protocols. A request becomes a `Request`, its answer a `Response`; bodies stream with back-pressure in both directions.
 * Invariants: every wait for a client has an end (`limits.ts`); nothing of a client is kept without a limit; each request is one event in the log,
 * without its query; a handler that fails is answered with 500 and harms no other request.
 * Routes, hosts, origins and logins live in #server/http.
 */
export { HttpServer } from './http-server.ts';
export { rawRefusal } from './refusals.ts';
export type { HttpHandler, RequestFacts } from './facts.ts';
