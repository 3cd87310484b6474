/** Limits on the messages and the work of a peer. */
export const saslLimits = {
  /** Longest message of an exchange, either way, before base64. Each part of PLAIN MUST be accepted up to 255 octets (RFC 4616 §2); bindings and nonces fit too. */
  maxMessageBytes: 8192,
  /** Default of the fewest SCRAM iterations that a client accepts: servers SHOULD use at least 4096 (RFC 7677 §3). */
  minIterations: 4096,
  /** Most SCRAM iterations that a client computes for a server: about 0.3 s, during which the event loop is blocked. */
  maxIterations: 600_000,
} as const;
