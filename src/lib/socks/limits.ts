/** Limits of the format itself. */
export const socksLimits = {
  /** Octets of a user name or a password (RFC 1929 §2). */
  maxCredentialBytes: 255,
  /** Octets of a target's name (RFC 1928 §5). */
  maxNameBytes: 255,
  /** Longest answer: a reply with an address of type name (RFC 1928 §6). */
  maxAnswerBytes: 262,
} as const;
