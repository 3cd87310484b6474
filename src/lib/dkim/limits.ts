/** Bounds of what a message and DNS may make us do. */
export interface DkimLimits {
  /** Bytes kept of a message's header; a message with a larger one is neither signed nor verified. */
  readonly maxHeaderBytes: number;
  /** Signatures of one message that are tried, from the top; the others are only counted (RFC 6376 §8.4). */
  readonly maxSignatures: number;
  /** Bytes of one DKIM-Signature field. */
  readonly maxSignatureBytes: number;
  /** Characters of one key record. */
  readonly maxKeyRecordLength: number;
  /** Key records of one name that are tried; RFC 6376 §3.6.2.2 wants one. */
  readonly maxKeyRecords: number;
  /** RFC 8301 §3.2: signatures of smaller RSA keys are not valid. */
  readonly minRsaBits: number;
  /** Larger RSA keys cost too much; RFC 8301 §3.2 asks for 4096. */
  readonly maxRsaBits: number;
  /** Header fields that one signature of ours covers, fields that are not there included. */
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

/** RSA keys that we make, and the least that we sign with unless told otherwise (RFC 8301 §3.2). */
export const defaultRsaBits = 2048;
