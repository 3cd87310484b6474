/**
 * Identities that a user sends as (RFC 8621 §6): those that users made, and what they changed of the identities that configured addresses have by
 * themselves. Which addresses an account may send as is no matter of this module (#mail/directory).
 */
export { Identities, TooManyIdentities, type IdentityEditor } from './identities.ts';
export type { Identity, IdentityProperties, NamedAddress } from './identity.ts';
export { identityLimits } from './limits.ts';
