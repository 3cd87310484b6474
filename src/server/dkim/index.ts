/**
 * The private keys of DKIM as files: read at the start and whenever the configuration changes or somebody asks, made for `godwit dkim add`.
 * Who signs what is #mail/dkim's business. Invariants: keys are never logged nor shown; what cannot be used replaces nothing.
 */
export { DkimKeys, type DkimKeyFacts } from './dkim-keys.ts';
export { readKeys } from './read-keys.ts';
