/**
 * Both sides of the SASL exchanges that mail uses: PLAIN, LOGIN, CRAM-MD5, SCRAM with and without channel binding, EXTERNAL,
 * and OAUTHBEARER and XOAUTH2 with access tokens.
 * mechanisms.ts lists them, with all that others need to know of each. Messages are bytes: base64 and the AUTH or AUTHENTICATE around
 * them belong to the protocols. The `CredentialStore` that is passed in knows the users, the tokens and the limits on guesses.
 *
 * Invariants: no input makes a step throw; a server succeeds only with an `Identity` from the store; a client is done only
 * after the server proved that it knows the password, where the mechanism has such a proof.
 */
export type * from './types.ts';
export { appPasswordScopes } from './types.ts';
export { LoginsBusy } from './busy.ts';
export { createSaslServer } from './server.ts';
export { createSaslClient } from './client.ts';
export type { SaslClientOptions } from './client-options.ts';
export { chooseMechanism } from './choose.ts';
export {
  mechanismsByStrength,
  mechanismTraits,
  tokenMechanisms,
  usualMechanisms,
  type MechanismName,
} from './mechanisms.ts';
export { deriveScramKeys } from './scram-keys.ts';
export { prepareLogin, preparePassword } from './prepare.ts';
export { saslLimits } from './limits.ts';
