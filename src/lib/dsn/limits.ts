/** Limits on reading and writing notifications. */
export interface DsnLimits {
  /** Bytes of the message that are read. */
  readonly maxScannedBytes: number;
  readonly maxRecipients: number;
  /** Parts of one multipart that are read. */
  readonly maxParts: number;
  /** Characters of one diagnostic. */
  readonly maxDiagnosticChars: number;
  /** Characters of any other field. */
  readonly maxFieldChars: number;
  /** Bytes of a bounce in plain text, including the header of the original. */
  readonly maxBounceTextBytes: number;
}

/** Safe defaults. */
export const defaultLimits: DsnLimits = {
  maxScannedBytes: 1024 * 1024,
  maxRecipients: 1000,
  maxParts: 20,
  maxDiagnosticChars: 4096,
  maxFieldChars: 2048,
  maxBounceTextBytes: 128 * 1024,
};
