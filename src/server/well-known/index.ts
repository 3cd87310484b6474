/** The area `well-known`: small files under `/.well-known/` (RFC 8615) that say something about the server. Nothing in them needs a login. */
export { wellKnown } from './well-known.ts';
