/** Bounds of reading a notification. */
export const mdnLimits = {
  /** Bytes of a message that are looked at. */
  maxScannedBytes: 1024 * 1024,
  /** Bytes of the text for people. */
  maxTextBytes: 256 * 1024,
  /** Characters of one field. */
  maxFieldChars: 2000,
  /** Error fields, and fields outside the standard. */
  maxFields: 100,
} as const;
