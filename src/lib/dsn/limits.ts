/** Bounds on what is read from a notification and written into one. */
export interface DsnLimits {
  /** Bytes of the message that are looked at. */
  readonly maxScannedBytes: number;
  readonly maxRecipients: number;
  /** Parts of one multipart that are looked at. */
  readonly maxParts: number;
  /** Characters of one diagnostic. */
  readonly maxDiagnosticChars: number;
  /** Characters of any other field. */
  readonly maxFieldChars: number;
  /** Bytes of a bounce in plain text, the header of the original included. */
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
