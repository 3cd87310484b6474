/** Bounds on what is read from a notification and written into one. */
export const defaultLimits = {
  /** Bytes of the message that are looked at. */
  maxScannedBytes: 1024 * 1024,
  maxRecipients: 1000,
  maxParts: 20,
  /** Characters of one diagnostic. */
  maxDiagnosticChars: 4096,
} as const;
