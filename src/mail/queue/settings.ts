import { queueDefaults } from '#mail/config';

/** Settings of the queue; `defaultSettings` suits a server on the Internet. Those that people may change are block `queue` of `server.yaml`. */
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

/** Defaults: those of `server.yaml`, where most are written, and what cannot be configured. */
export const defaultSettings: QueueSettings = {
  ...queueDefaults,
  jitter: 0.02,
  batchRecipients: 100,
  attemptTimeoutMs: 30 * 60_000,
  maxReturnedBytes: 256 * 1024,
};
