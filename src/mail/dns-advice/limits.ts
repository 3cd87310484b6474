/** Bounds of one check of a domain. */
export interface CheckLimits {
  /** Queries at the same time. */
  readonly maxConcurrentQueries: number;
  /** Queries altogether; what comes later is reported as not looked up. */
  readonly maxQueries: number;
  /** Probes of mail hosts at the same time. */
  readonly maxConcurrentProbes: number;
  /** Mail hosts of the domain that are probed, and addresses of each. */
  readonly maxProbedHosts: number;
  readonly maxProbedAddresses: number;
  /** PTR records of one address that are confirmed (RFC 7208 §4.6.4 has 10 as well). */
  readonly maxPtrNames: number;
  /** DNSBL zones asked. */
  readonly maxDnsblZones: number;
  /** After this many milliseconds the check ends with what it has. */
  readonly timeoutMs: number;
}

/** A check takes a few seconds; with dead name servers and mail hosts less than a minute. */
export const defaultCheckLimits: CheckLimits = {
  maxConcurrentQueries: 8,
  maxQueries: 500,
  maxConcurrentProbes: 4,
  maxProbedHosts: 5,
  maxProbedAddresses: 4,
  maxPtrNames: 10,
  maxDnsblZones: 10,
  timeoutMs: 40_000,
};
