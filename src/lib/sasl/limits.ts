/** Bounds of what a peer may send or ask for. */
export const saslLimits = {
  /** Longest message of an exchange, either way, before base64. RFC 4616 §2 names 255 octets for each part of PLAIN; bindings and nonces fit too. */
  maxMessageBytes: 8192,
  /** Fewest SCRAM iterations that a client accepts unless told otherwise (RFC 7677 §4 recommends 4096 and allows less). */
  minIterations: 4096,
  /** Most SCRAM iterations that a client computes for a server: some 0.3 s, in which the client does nothing else. */
  maxIterations: 600_000,
} as const;
