/** Limits and sizes of connections. */
export interface NetLimits {
  /** Bytes buffered for `read` before the peer is throttled. */
  readonly maxBufferedBytes: number;
  /** Bytes on their way to the peer before `write` waits. */
  readonly maxUnsentBytes: number;
  /** Longest time in ms for the peer to read what `write` sent, when the caller gives none. */
  readonly writeTimeoutMs: number;
  /** Longest TLS handshake as a client. */
  readonly handshakeTimeoutMs: number;
  /** Longest wait in ms of `close` for the peer to end its side, once the rest is sent (which may take `writeTimeoutMs`). */
  readonly lingerMs: number;
  /** Bytes that a peer may still send while `close` waits; they are dropped. */
  readonly maxDroppedBytes: number;
  /** Silence after which TCP asks whether the peer is still there, once a read has been willing to wait longer than `keepAliveAfterMs`. */
  readonly keepAliveMs: number;
  readonly keepAliveAfterMs: number;
  /** Longest time in ms for a proxy to send its PROXY header. */
  readonly proxyHeaderTimeoutMs: number;
  /** Connections of a listener that wait for a PROXY header; further ones are dropped. */
  readonly maxAwaitedHeaders: number;
}

/** RFC 5321 §4.5.3.2 sets SMTP timeouts in minutes, so writes have minutes; the rest is short because a mail client answers at once or never. */
export const defaultNetLimits: NetLimits = {
  maxBufferedBytes: 64 * 1024,
  maxUnsentBytes: 128 * 1024,
  writeTimeoutMs: 5 * 60_000,
  handshakeTimeoutMs: 30_000,
  lingerMs: 5000,
  maxDroppedBytes: 256 * 1024,
  keepAliveMs: 120_000,
  keepAliveAfterMs: 5 * 60_000,
  proxyHeaderTimeoutMs: 5000,
  maxAwaitedHeaders: 500,
};

/** Limits of TLS handshakes as a server, for all listeners of a process. */
export interface HandshakeLimits {
  /** Concurrent handshakes; each takes 1 or 2 ms of the event loop when the client's first message arrives. */
  readonly maxUnderWay: number;
  /** Those of one address. */
  readonly maxPerAddress: number;
  /** Connections that wait for their handshake; further ones end. */
  readonly maxWaiting: number;
  /** Those of one address. */
  readonly maxWaitingPerAddress: number;
  /** Longest wait. */
  readonly waitMs: number;
  /** Longest handshake. */
  readonly timeoutMs: number;
  /** Longest handshake when others wait. */
  readonly pressedTimeoutMs: number;
}

/** 16 concurrent handshakes allow some hundred a second with clients that answer, and a few a second with clients that never do. */
export const defaultHandshakeLimits: HandshakeLimits = {
  maxUnderWay: 16,
  maxPerAddress: 6,
  maxWaiting: 400,
  maxWaitingPerAddress: 60,
  waitMs: 15_000,
  timeoutMs: 10_000,
  pressedTimeoutMs: 3000,
};
