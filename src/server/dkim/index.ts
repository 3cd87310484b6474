/**
 * The private keys of DKIM as files: read at the start, whenever the configuration changes and on request, made for `godwit dkim add`.
 * Who signs what is #mail/dkim's business. Invariants: keys are never logged nor shown; what cannot be used replaces nothing.
 */
export { DkimKeys, type DkimKeyFacts } from './dkim-keys.ts';
export { readKeys } from './read-keys.ts';
