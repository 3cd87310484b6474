/** Bounds of the inbound stage. */
export const inboundLimits = {
  /** RFC 5321 §6.3: a large number of Received fields, at least 100, means a loop. */
  maxReceivedFields: 100,
  /** Longest wait in ms that a policy may put before a delivery. RFC 5321 §4.5.3.2.6: clients wait ten minutes for the reply. */
  maxDelayMs: 60_000,
} as const;

/** Bounds of one content sink. */
export interface SinkLimits {
  /** Bytes of the content that it gets; the rest passes it by. */
  readonly maxBytes: number;
  /** Time in ms that a message may wait for it altogether; then it has failed. */
  readonly timeoutMs: number;
}

/** Bounds of a sink that names none: the size of a message has a limit of its own. */
export const defaultSinkLimits: SinkLimits = { maxBytes: Number.POSITIVE_INFINITY, timeoutMs: 60_000 };
