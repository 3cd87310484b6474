/** Bounds of what a peer's certificates may make us do. */
export const defaultLimits = {
  /** Certificates of the peer's chain that are looked at, the leaf included. */
  maxChainCertificates: 10,
  /** Longest certificate that is read, DER. */
  maxCertificateBytes: 65_536,
  /** Trust anchors that come whole from DNS (RFC 7671 §5.2.2). */
  maxAnchorsFromDns: 4,
  /** Signatures checked for one chain: each costs up to a millisecond. */
  maxSignatureChecks: 40,
} as const;

/** Limits with the names of `defaultLimits`. */
export type DaneLimits = { readonly [K in keyof typeof defaultLimits]: number };
