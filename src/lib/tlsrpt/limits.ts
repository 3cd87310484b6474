/** Limits on received records and reports, and on our own reports. */
export const defaultLimits = {
  /** Characters of one TXT record. */
  maxRecordChars: 4096,
  /** URIs of one record that are used. */
  maxUris: 10,
  /** JSON of a report, after decompression. */
  maxReportBytes: 10 * 1024 * 1024,
  /** Policies of one report. */
  maxPolicies: 1000,
  /** Failure details of one policy. */
  maxDetails: 1000,
  /** Policy strings and MX patterns of one policy, each. */
  maxStrings: 200,
  /** Characters kept of one text. */
  maxTextChars: 1000,
} as const;

/** Limits with the names of `defaultLimits`. */
export type TlsrptLimits = { readonly [K in keyof typeof defaultLimits]: number };
