/** Limits on decoding a DNS message. */
export const defaultLimits = {
  /** Records in all sections together. */
  maxRecords: 2000,
  /** Compression pointers followed in one name. RFC 1035 §3.1: a name has at most 127 labels. */
  maxPointers: 64,
  /** CNAMEs followed within one answer. */
  maxAliases: 10,
} as const;

/** Limits with the names of `defaultLimits`. */
export type DnsLimits = { readonly [K in keyof typeof defaultLimits]: number };
