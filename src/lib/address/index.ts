/**
 * Addresses of the mail envelope, as in MAIL FROM, RCPT TO, login names and configuration (RFC 5321 §4.1.2, RFC 6531 §3.3).
 * Address lists of message headers, with their comments and display names, are not here: see #lib/message.
 *
 * Invariants: a localpart is kept decoded (no quotes, no backslashes) and in NFC; parsing what was written gives the same value;
 * a localpart has a meaning only for the host of its domain (RFC 5321 §2.3.11), so only `canonicalLocalpart` folds one.
 */
export { parseAddress, parseAddressDomain } from './address.ts';
export type { Address } from './address.ts';
export { parseAddressLiteral } from './address-literal.ts';
export { canonicalLocalpart, parseLocalpart } from './localpart.ts';
export { findPathEnd, parseForwardPath, parsePath, parseReversePath } from './path.ts';
export { postmasterAt, wholeAddress } from './postmaster.ts';
export type { ForwardPath, Path } from './path.ts';
export { needsSmtputf8, writeAddress, writeAddressDomain, writeLocalpart, writePath } from './write.ts';
export { addressLimits } from './limits.ts';
