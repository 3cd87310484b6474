/**
 * Making certificates on this machine: self-signed ones for the first start and for tests.
 * The X.509 library is loaded when it is first needed, so that it costs a server with real certificates nothing.
 */
export { makeSelfSigned } from './self-signed.ts';
export type { CertificatePem, SelfSignedOptions } from './self-signed.ts';
