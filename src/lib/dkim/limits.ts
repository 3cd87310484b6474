/** Limits on the work that a message and DNS can cause. */
export interface DkimLimits {
  /** Bytes kept of a message's header; a message with a larger one is neither signed nor verified. */
  readonly maxHeaderBytes: number;
  /** Signatures of one message that are tried, from the top; the others are only counted: verifiers MAY limit the number against attacks (RFC 6376 §4.2). */
  readonly maxSignatures: number;
  /** Bytes of one DKIM-Signature field. */
  readonly maxSignatureBytes: number;
  /** Characters of one key record. */
  readonly maxKeyRecordLength: number;
  /** Key records of one name that are tried; there MUST be only one (RFC 6376 §3.6.2.2). */
  readonly maxKeyRecords: number;
  /** Smaller RSA keys are refused: verifiers MUST NOT consider their signatures valid (RFC 8301 §3.2). */
  readonly minRsaBits: number;
  /** Larger RSA keys are refused because of their cost; verifiers MUST support 4096 bits and MAY support more (RFC 8301 §3.2). */
  readonly maxRsaBits: number;
  /** Names in the `h=` of one signature of ours, including names without a field. */
  readonly maxSignedFields: number;
}

/** Safe defaults. */
export const defaultDkimLimits: DkimLimits = {
  maxHeaderBytes: 256 * 1024,
  maxSignatures: 10,
  maxSignatureBytes: 16 * 1024,
  maxKeyRecordLength: 8 * 1024,
  maxKeyRecords: 3,
  minRsaBits: 1024,
  maxRsaBits: 8192,
  maxSignedFields: 500,
};

/** Size of RSA keys that we make, and the default minimum for signing: signers SHOULD use at least 2048 bits (RFC 8301 §3.2). */
export const defaultRsaBits = 2048;
