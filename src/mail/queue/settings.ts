/** Settings of the queue; `defaultSettings` suits a server on the Internet. */
export interface QueueSettings {
  /** Waits between attempts; the last one repeats. */
  readonly retryAfterMs: readonly number[];
  /** A message that is older than this after an attempt is given up. */
  readonly maxAgeMs: number;
  /** The sender is notified once when a message will not have been delivered this long after it was accepted. */
  readonly tellDelayAfterMs: number;
  /** Part of each wait by which it may be longer, so that a crowd does not come back at once: 0 to 1. */
  readonly jitter: number;
  /** Time in ms for which finished rows are kept for administrators; 0 removes them at once. */
  readonly keepFinishedMs: number;
  /** Transmissions at a time, to all destinations together. */
  readonly concurrency: number;
  /** Transmissions at a time to one destination. */
  readonly concurrencyPerDestination: number;
  /** Recipients taken from the queue at a time for one domain, and so the most in one transaction. RFC 5321 §4.5.3.1.8: hosts take at least 100. */
  readonly batchRecipients: number;
  /** After this long a transmission is aborted and counts as deferred. */
  readonly attemptTimeoutMs: number;
  /** Largest original that a notification returns whole when the sender asked for it with RET=FULL. */
  readonly maxReturnedBytes: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Defaults: attempts at 0, 7.5 m, 22.5 m, 52.5 m, 1:52, 3:52, 7:52 and 15:52 hours, then every 8 hours for two days. */
export const defaultSettings: QueueSettings = {
  // RFC 5321 §4.5.4.1: at least 30 minutes between attempts in general; a sooner first try helps with greylisting.
  retryAfterMs: [7.5 * minuteMs, 15 * minuteMs, 30 * minuteMs, hourMs, 2 * hourMs, 4 * hourMs, 8 * hourMs],
  // deviates: RFC 5321 §4.5.4.1 asks for 4 to 5 days; people who wait for an answer are better served by knowing after two.
  maxAgeMs: 48 * hourMs,
  tellDelayAfterMs: 4 * hourMs,
  jitter: 0.02,
  // RFC 5321 §4.5.4.1: other servers try for 4 to 5 days, and what they say then is to be understood.
  keepFinishedMs: 7 * 24 * hourMs,
  concurrency: 50,
  concurrencyPerDestination: 5,
  batchRecipients: 100,
  attemptTimeoutMs: 30 * minuteMs,
  maxReturnedBytes: 256 * 1024,
};
