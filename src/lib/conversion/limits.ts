/** Bounds of messages that every host takes. */
export const conversionLimits = {
  /** RFC 5322 §2.1.1: a line has at most this many octets, without its CRLF. */
  maxLineBytes: 998,
  /** A longer header of a part inside the message stays as it is, with its body. */
  maxPartHeaderBytes: 256 * 1024,
} as const;
