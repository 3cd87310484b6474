/**
 * The `Fetcher` port with Node's HTTPS client. Names are looked up by the `Resolver` port, so that DNS is the same for everything.
 * Invariants: https only, certificates verified, no redirect followed, nothing cached, no connection kept, no body without limit.
 */
export { nodeFetcher } from './node-fetcher.ts';
