/** Bounds of push. */
export interface PushLimits {
  /** Event streams and WebSockets of one account. */
  readonly maxAccountClients: number;
  /** Event streams and WebSockets of all accounts. */
  readonly maxClients: number;
  /** Shortest time in s between two pings (RFC 8620 §7.3: 30 at most). */
  readonly minPingSeconds: number;
  /** Longest time in s between two pings (RFC 8620 §7.3: 300 at least). */
  readonly maxPingSeconds: number;
  /** Types that a client may name. */
  readonly maxTypes: number;
}

/** Limits unless others are given. A user has a stream for each tab of each browser; connections are limited by their addresses as well. */
export const pushLimits: PushLimits = {
  maxAccountClients: 100,
  maxClients: 20_000,
  minPingSeconds: 5,
  maxPingSeconds: 3600,
  maxTypes: 100,
};
