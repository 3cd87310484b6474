/** Limits of HTTP connections. */
export interface HttpLimits {
  /** Bytes of a request's header section with its first line; more get 431. */
  readonly maxHeaderBytes: number;
  /** Header fields of a request; more get 431. */
  readonly maxHeaderFields: number;
  /** Bytes of a request target; more get 414. */
  readonly maxTargetBytes: number;
  /** Requests that HTTP/1.1 clients may send before the answer to the first; more end the connection. */
  readonly maxPipelined: number;
  /** Requests of one HTTP/2 connection at the same time. */
  readonly maxStreams: number;
  /** Longest time in ms from the start of a connection to its first request. */
  readonly firstRequestMs: number;
  /** Longest time in ms from the first byte of a header section to its last; later ones get 408. */
  readonly headersMs: number;
  /** Longest time in ms between a response and the next request. */
  readonly keepAliveMs: number;
  /** Time in ms that a peer may keep us waiting for bytes of a body, or for room to send, before `minBytesPerSecond` counts. */
  readonly graceMs: number;
  /** Slowest rate of bodies in both directions, while we wait for the peer. */
  readonly minBytesPerSecond: number;
  /** Resets, pings, settings and header sections over their limit of one HTTP/2 connection in ten seconds; more end it. */
  readonly maxControlFrames: number;
  /** Frames of one HTTP/2 connection that mean nothing, such as empty ones of data; more end it. */
  readonly maxInvalidFrames: number;
  /** Bytes that Node keeps for one HTTP/2 connection before it refuses new streams; in whole MB. */
  readonly maxSessionBytes: number;
  /** Bytes of one message of a WebSocket, after decompression. */
  readonly maxWebSocketMessageBytes: number;
  /** Bytes on their way to a WebSocket client before `send` waits. */
  readonly maxWebSocketUnsentBytes: number;
  /** Silence in ms after which a WebSocket client is sent a ping; a second silence ends the connection. */
  readonly webSocketPingMs: number;
}

/** Browsers send up to 8 KB of headers; clients on mobile networks are slow, but not slower than 1 KB a second. */
export const defaultHttpLimits: HttpLimits = {
  maxHeaderBytes: 16 * 1024,
  maxHeaderFields: 100,
  maxTargetBytes: 8 * 1024,
  maxPipelined: 16,
  maxStreams: 100,
  firstRequestMs: 15_000,
  headersMs: 15_000,
  keepAliveMs: 60_000,
  graceMs: 30_000,
  minBytesPerSecond: 1024,
  maxControlFrames: 200,
  maxInvalidFrames: 50,
  maxSessionBytes: 4_000_000,
  maxWebSocketMessageBytes: 10 * 2 ** 20,
  maxWebSocketUnsentBytes: 256 * 1024,
  webSocketPingMs: 30_000,
};
