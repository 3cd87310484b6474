/** Bounds of one session. Sizes in bytes, times in milliseconds. */
export interface SessionLimits {
  /** Command line with CRLF. RFC 5321 §4.5.3.1.4 asks for 512, and the parameters of extensions add to it. */
  readonly maxLineBytes: number;
  /** Line of an AUTH exchange with CRLF; 12,288 suffice for deployed mechanisms (RFC 4954 §4). */
  readonly maxSaslLineBytes: number;
  /** Recipients of one transaction; at least 100 (RFC 5321 §4.5.3.1.8). */
  readonly maxRecipients: number;
  /** Content after unstuffing; announced with SIZE (RFC 1870 §3). At least 64 KiB (RFC 5321 §4.5.3.1.7). */
  readonly maxMessageBytes: number;
  /** Longest future release, announced with FUTURERELEASE (RFC 4865 §3). */
  readonly maxHoldMs: number;
  /** Unknown, malformed or out-of-order commands before we disconnect (RFC 5321 §7.8). */
  readonly maxBadCommands: number;
  /** Commands that make no progress (NOOP, RSET, HELP, VRFY, EHLO) before a message is accepted, or between two, before we disconnect. */
  readonly maxIdleCommands: number;
  /** BDAT chunks of under `smallChunkBytes`, not counting last ones, before a message is accepted; then we disconnect. */
  readonly maxSmallChunks: number;
  readonly smallChunkBytes: number;
  /** Transactions in one connection, announced as MAILMAX (RFC 9422 §4.1); then 421. */
  readonly maxTransactions: number;
  /** Refused transactions without a single accepted message before we disconnect. */
  readonly maxBadTransactions: number;
  /** Refused recipients in one connection before we disconnect (RFC 5321 §7.8). */
  readonly maxBadRecipients: number;
  /** Failed logins in one connection before we disconnect; at least 3 (RFC 4954 §9). */
  readonly maxAuthFailures: number;
  /** Silence while we wait for a command. */
  // deviates: RFC 5321 §4.5.3.2.7 asks for 5 minutes. The default is shorter because idle connections are what attackers have most of.
  readonly commandTimeoutMs: number;
  /** From the first octets of a command line to its end. */
  readonly lineTimeoutMs: number;
  /** Silence within content; the client's timeout for a block is 3 minutes (RFC 5321 §4.5.3.2.5). */
  readonly dataBlockTimeoutMs: number;
  /** From 354 (or the first BDAT) to the end of the content. */
  readonly dataTimeoutMs: number;
  /** Until the peer has received a reply. */
  readonly writeTimeoutMs: number;
  /** Pause before each reply to a peer that behaves like an attacker. */
  readonly slowMs: number;
  /** Failed logins or refused messages after which `slowMs` applies. */
  readonly slowAfter: number;
  /** Pause before each reply to a peer that has used up a quarter of its bad commands, idle commands or small chunks: a flood of them costs the flooder time. */
  readonly wasteMs: number;
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
  wasteMs: 50,
};
