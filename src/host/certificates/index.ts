/**
 * Certificates as files: making self-signed ones for the first start and for tests, and reading those that a server uses.
 * When to read them again is #server/assemble's business. The X.509 library, needed for making only, is loaded when it is first needed,
 * so that it costs a server with real certificates nothing.
 */
export { CertificateRefused, loadCertificate } from './certificate-files.ts';
export type { LoadedCertificate } from './certificate-files.ts';
export { makeSelfSigned } from './self-signed.ts';
export { trustedPemProblem } from './trusted.ts';
export type { CertificatePem } from './self-signed.ts';
