/** Time limits of a client, in milliseconds (RFC 5321 §4.5.3.2), and bounds on what it keeps in memory. */
export interface ClientLimits {
  /** The greeting: 5 minutes, as servers delay it under load (RFC 5321 §4.5.3.2.1). */
  readonly greetingTimeoutMs: number;
  /** EHLO, STARTTLS, AUTH, RSET. */
  readonly commandTimeoutMs: number;
  /** The reply to MAIL: 5 minutes (RFC 5321 §4.5.3.2.2). */
  readonly mailTimeoutMs: number;
  /** The reply to RCPT: 5 minutes (RFC 5321 §4.5.3.2.3). */
  readonly rcptTimeoutMs: number;
  /** The reply to DATA: 2 minutes (RFC 5321 §4.5.3.2.4). */
  readonly dataInitTimeoutMs: number;
  /** Until the server has accepted a piece of content: 3 minutes (RFC 5321 §4.5.3.2.5). */
  readonly dataBlockTimeoutMs: number;
  /** The reply to the content: 10 minutes (RFC 5321 §4.5.3.2.6). Servers deliver here; giving up early causes duplicates. */
  readonly dataEndTimeoutMs: number;
  readonly quitTimeoutMs: number;
  /** Content up to this size is sent in one piece with the envelope, when the server has CHUNKING and PIPELINING. */
  readonly maxOneShotBytes: number;
}

/** The times of RFC 5321. */
export const defaultClientLimits: ClientLimits = {
  greetingTimeoutMs: 300_000,
  commandTimeoutMs: 300_000,
  mailTimeoutMs: 300_000,
  rcptTimeoutMs: 300_000,
  dataInitTimeoutMs: 120_000,
  dataBlockTimeoutMs: 180_000,
  dataEndTimeoutMs: 600_000,
  quitTimeoutMs: 5000,
  maxOneShotBytes: 65_536,
};
