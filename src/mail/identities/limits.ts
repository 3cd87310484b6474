/** Bounds of the identities of one account. */
export const identityLimits = {
  /** Identities that users made, those that are gone among them: their ids are remembered. */
  maxIdentities: 500,
  maxNameChars: 256,
  /** Addresses in Reply-To or Bcc. */
  maxAddresses: 50,
  /** UTF-8 of a signature. */
  maxSignatureBytes: 64 * 1024,
} as const;
