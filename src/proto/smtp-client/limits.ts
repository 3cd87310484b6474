/** Time limits of a client, in milliseconds (RFC 5321 §4.5.3.2), and bounds on what it keeps in memory. */
export interface ClientLimits {
  /** RFC 5321 §4.5.3.2.1: the banner. */
  readonly greetingTimeoutMs: number;
  /** EHLO, STARTTLS, AUTH, RSET. */
  readonly commandTimeoutMs: number;
  /** RFC 5321 §4.5.3.2.2 */
  readonly mailTimeoutMs: number;
  /** RFC 5321 §4.5.3.2.3 */
  readonly rcptTimeoutMs: number;
  /** RFC 5321 §4.5.3.2.4: the reply to DATA. */
  readonly dataInitTimeoutMs: number;
  /** RFC 5321 §4.5.3.2.5: until the server takes a piece of content. */
  readonly dataBlockTimeoutMs: number;
  /** RFC 5321 §4.5.3.2.6: the reply to the content. Servers do their work here; giving up early makes duplicates. */
  readonly dataEndTimeoutMs: number;
  readonly quitTimeoutMs: number;
  /** Content up to this size goes in one piece with the envelope, when the server has CHUNKING and PIPELINING. */
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
