/**
 * The `Fetcher` port with Node's HTTPS client. Names are looked up by the `Resolver` port, so that DNS is the same for everything.
 * Invariants: https only, certificates verified, no redirect followed, nothing cached, no connection kept, no body without limit;
 * URLs that strangers chose lead to public addresses only, which are looked up once and then connected to.
 */
export { nodeFetcher } from './node-fetcher.ts';
