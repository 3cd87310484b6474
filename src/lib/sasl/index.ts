/**
 * Both sides of the SASL exchanges that mail uses: PLAIN, LOGIN, CRAM-MD5, SCRAM with and without channel binding, EXTERNAL,
 * and OAUTHBEARER and XOAUTH2 with access tokens.
 * Messages are bytes: base64 and the AUTH or AUTHENTICATE around them belong to the protocols. What users exist, where tokens come from, and guessing limits,
 * are the business of the `CredentialStore` that is passed in.
 *
 * Invariants: no input makes a step throw; a server says success only with an `Identity` that the store gave; a client says done only
 * after the server proved that it knows the password, where the mechanism has such a proof.
 */
export type * from './types.ts';
export { LoginsBusy } from './busy.ts';
export { createSaslServer } from './server.ts';
export type { SaslServerOptions } from './exchange.ts';
export { createSaslClient } from './client.ts';
export type { SaslClientOptions } from './client-options.ts';
export { chooseMechanism, mechanismsByStrength, tokenMechanisms, usualMechanisms } from './choose.ts';
export { deriveScramKeys } from './scram-keys.ts';
export { prepareLogin, preparePassword, prepareScramPassword } from './prepare.ts';
export { saslLimits } from './limits.ts';
