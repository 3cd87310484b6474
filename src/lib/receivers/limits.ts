/** Bounds of one check. */
export interface CheckLimits {
  /** Header that is kept to be read; what follows is not looked at as fields. */
  readonly maxHeaderBytes: number;
  /** Findings of one message. */
  readonly maxFindings: number;
}

/** Enough for every real header, four times what Exchange takes. */
export const defaultCheckLimits: CheckLimits = { maxHeaderBytes: 1_048_576, maxFindings: 20 };
