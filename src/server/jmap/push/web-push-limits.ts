/** Bounds of push to URLs. */
export interface WebPushLimits {
  /** Subscriptions of one account. */
  readonly maxSubscriptions: number;
  /** Subscriptions that an account may make in an hour, each of which sends one request to a URL that a client names. */
  readonly maxPerHour: number;
  readonly maxUrlLength: number;
  readonly maxDeviceIdLength: number;
  readonly maxTypes: number;
  /** Longest time in ms to the expiry (RFC 8620 §7.2: 48 hours at least, 7 days better). */
  readonly maxLifetimeMs: number;
  /** Longest time in ms for one request. */
  readonly timeoutMs: number;
  /** Bytes of an answer that are read. */
  readonly maxAnswerBytes: number;
  /** Time in ms between two messages to one URL: what changes meanwhile is one change. */
  readonly pauseMs: number;
  /** First wait in ms after a failure, doubled with each further one. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** Attempts to send a verification code. */
  readonly verificationAttempts: number;
  /** Requests under way at the same time. */
  readonly maxRequests: number;
  /** Time in s for which push services keep a change (RFC 8030 §5.2). */
  readonly changeTtlSeconds: number;
  /** Time in s for which push services keep a verification code. */
  readonly verificationTtlSeconds: number;
}

/** Limits unless others are given. */
export const webPushLimits: WebPushLimits = {
  maxSubscriptions: 32,
  maxPerHour: 60,
  maxUrlLength: 2000,
  maxDeviceIdLength: 255,
  maxTypes: 100,
  maxLifetimeMs: 14 * 86_400_000,
  timeoutMs: 20_000,
  maxAnswerBytes: 4096,
  pauseMs: 1000,
  firstRetryMs: 15_000,
  maxRetryMs: 60 * 60_000,
  verificationAttempts: 3,
  maxRequests: 32,
  changeTtlSeconds: 86_400,
  verificationTtlSeconds: 3600,
};
