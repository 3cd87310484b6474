/** Bounds of one session. Sizes in bytes, times in milliseconds. */
export interface SessionLimits {
  /** Command line with CRLF. RFC 5321 §4.5.3.1.4 asks for 512, and the parameters of extensions add to it. */
  readonly maxLineBytes: number;
  /** Line of an AUTH exchange with CRLF (RFC 4954 §4). */
  readonly maxSaslLineBytes: number;
  /** Recipients of one transaction; at least 100 (RFC 5321 §4.5.3.1.8). */
  readonly maxRecipients: number;
  /** Content after unstuffing; announced with SIZE. */
  readonly maxMessageBytes: number;
  /** Longest future release (RFC 4865). */
  readonly maxHoldMs: number;
  /** Commands that were unknown, malformed or out of order before we hang up. */
  readonly maxBadCommands: number;
  /** Commands that do nothing (NOOP, RSET, HELP, VRFY, EHLO) before a message is accepted, or between two, until we hang up. */
  readonly maxIdleCommands: number;
  /** BDAT chunks of under `smallChunkBytes`, last ones left out, until a message is accepted; then we hang up. */
  readonly maxSmallChunks: number;
  readonly smallChunkBytes: number;
  /** Transactions in one connection; then 421. */
  readonly maxTransactions: number;
  /** Refused transactions without a single accepted message before we hang up. */
  readonly maxBadTransactions: number;
  /** Refused recipients in one connection before we hang up. */
  readonly maxBadRecipients: number;
  /** Failed logins in one connection before we hang up. */
  readonly maxAuthFailures: number;
  /** Silence while we wait for a command. */
  // deviates: RFC 5321 §4.5.3.2.7 asks for 5 minutes. The default is shorter because idle connections are what attackers have most of.
  readonly commandTimeoutMs: number;
  /** From the first octets of a command line to its end. */
  readonly lineTimeoutMs: number;
  /** Silence within content (RFC 5321 §4.5.3.2.5). */
  readonly dataBlockTimeoutMs: number;
  /** From 354 (or the first BDAT) to the end of the content. */
  readonly dataTimeoutMs: number;
  /** Until the peer takes a reply. */
  readonly writeTimeoutMs: number;
  /** Pause before each reply once a peer looks like an attacker. */
  readonly slowMs: number;
  /** Failed logins or refused messages after which we are slow. */
  readonly slowAfter: number;
}

/** Limits that suit a public server. */
export const defaultSessionLimits: SessionLimits = {
  maxLineBytes: 2048,
  maxSaslLineBytes: 12_288,
  maxRecipients: 1000,
  maxMessageBytes: 104_857_600,
  maxHoldMs: 60 * 86_400_000,
  maxBadCommands: 20,
  maxIdleCommands: 100,
  maxSmallChunks: 500,
  smallChunkBytes: 1024,
  maxTransactions: 10_000,
  maxBadTransactions: 10,
  maxBadRecipients: 100,
  maxAuthFailures: 10,
  commandTimeoutMs: 30_000,
  lineTimeoutMs: 60_000,
  dataBlockTimeoutMs: 180_000,
  dataTimeoutMs: 1_800_000,
  writeTimeoutMs: 30_000,
  slowMs: 1000,
  slowAfter: 3,
};
