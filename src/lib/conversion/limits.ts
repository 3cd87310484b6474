/** Limits of messages that every host accepts. */
export const conversionLimits = {
  /** RFC 5322 §2.1.1: a line has at most this many octets, without its CRLF. */
  maxLineBytes: 998,
  /** A longer header of a part inside the message is kept, with its body. */
  maxPartHeaderBytes: 256 * 1024,
} as const;
