/** Limits on records and policies that domains publish for MTA-STS. */
export const defaultLimits = {
  /** Characters of one TXT record. */
  maxRecordChars: 2048,
  /** Policy file. RFC 8461 §3.3 suggests 64 kilobytes. */
  maxPolicyBytes: 65_536,
  /** `mx` fields of one policy. */
  maxMxPatterns: 500,
} as const;

/** Limits with the names of `defaultLimits`. */
export type StsLimits = { readonly [K in keyof typeof defaultLimits]: number };

/** RFC 8461 §3.2: the longest lifetime of a policy, in seconds: a year of 365.25 days. */
export const maxMaxAgeS = 31_557_600;
