/** Limits of one check. */
export interface CheckLimits {
  /** Bytes of the header that are kept; fields after them are ignored. */
  readonly maxHeaderBytes: number;
  /** Violations of one message. */
  readonly maxViolations: number;
}

/** Limits that suit every real header: four times the limit of Exchange. */
export const defaultCheckLimits: CheckLimits = { maxHeaderBytes: 1_048_576, maxViolations: 20 };
