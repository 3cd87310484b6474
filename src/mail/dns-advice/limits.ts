/** Bounds of one check of a domain. */
export interface CheckLimits {
  /** Concurrent queries. */
  readonly maxConcurrentQueries: number;
  /** Total queries; further ones are reported as not looked up. */
  readonly maxQueries: number;
  /** Concurrent probes of mail hosts. */
  readonly maxConcurrentProbes: number;
  /** Mail hosts of the domain that are probed, and addresses of each. */
  readonly maxProbedHosts: number;
  readonly maxProbedAddresses: number;
  /** PTR records of one address that are confirmed (the limit of 10 in RFC 7208 §4.6.4). */
  readonly maxPtrNames: number;
  /** Block lists that are queried. */
  readonly maxDnsblZones: number;
  /** Milliseconds after which the check ends with the findings that it has. */
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
