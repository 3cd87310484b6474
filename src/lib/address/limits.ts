/** Sizes that RFC 5321 §4.5.3.1 gives for parts of the envelope, in octets of UTF-8. */
export const addressLimits = {
  /** RFC 5321 §4.5.3.1.1, counted without the quoting that the written form may need. */
  maxLocalpartBytes: 64,
  /** RFC 5321 §4.5.3.1.3, with punctuation and source route. */
  maxPathBytes: 256,
} as const;
