/** Limits on the work that a peer's certificates can cause. */
export const defaultLimits = {
  /** Certificates of the peer's chain that are read, including the leaf. */
  maxChainCertificates: 10,
  /** Longest certificate that is read, DER. */
  maxCertificateBytes: 65_536,
  /** Trust anchors that are published in full in DNS (RFC 7671 §5.2.2). */
  maxAnchorsFromDns: 4,
  /** Signatures checked for one chain: each costs up to a millisecond. */
  maxSignatureChecks: 40,
} as const;

/** Limits with the names of `defaultLimits`. */
export type DaneLimits = { readonly [K in keyof typeof defaultLimits]: number };
