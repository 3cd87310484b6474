/** Kinds of failure (RFC 8460 §4.3): of the negotiation, of DANE, of MTA-STS. */
export const tlsResults = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
] as const;

/** A kind of failure (RFC 8460 §4.3). */
export type TlsResult = (typeof tlsResults)[number];

/** Kinds of policy (RFC 8460 §4.4). */
export type TlsPolicyType = 'sts' | 'tlsa' | 'no-policy-found';

/** A policy in the form of reports (RFC 8460 §4.4, §4.5). */
export interface TlsPolicy {
  readonly type: TlsPolicyType;
  /** TLSA records, or lines of the MTA-STS policy; empty without a policy. */
  readonly strings: readonly string[];
  /** A-labels. For `tlsa` the TLSA base domain, else the domain of the recipients (RFC 8460 §1.1). */
  readonly domain: string;
  /** Patterns of the MTA-STS policy; empty for the others. */
  readonly mxHosts: readonly string[];
}

/** One kind of failure of sessions between the same two hosts. Unknown members are null. */
export interface TlsFailure<Result extends string = TlsResult> {
  readonly result: Result;
  readonly sendingIp: string | null;
  readonly mxHost: string | null;
  readonly mxHelo: string | null;
  readonly receivingIp: string | null;
  /** URI with more about it. */
  readonly moreInfo: string | null;
  /** A short code or text of the error. */
  readonly reasonCode: string | null;
}

/** Result of one session, or of several with the same result, under one policy. */
export interface TlsFact {
  readonly policy: TlsPolicy;
  /** Failures of the policy; empty when the session complied (RFC 8460 §4.2.1). */
  readonly failures: readonly TlsFailure[];
  /** Number of sessions; 1 when absent. */
  readonly sessions?: number;
}

/** Contents of a report about one policy. Received reports may have unknown result types. */
export interface TlsTally<Result extends string = TlsResult> {
  readonly policy: TlsPolicy;
  readonly successes: number;
  readonly failures: number;
  readonly details: readonly (TlsFailure<Result> & { readonly sessions: number })[];
}

/** A report (RFC 8460 §4.4). */
export interface TlsReport<Result extends string = TlsResult> {
  readonly organization: string;
  /** Address; empty when a received report has none. */
  readonly contact: string;
  readonly reportId: string;
  /** Milliseconds since 1970; a full UTC day where possible (RFC 8460 §4.1). */
  readonly startMs: number;
  readonly endMs: number;
  readonly policies: readonly TlsTally<Result>[];
}
