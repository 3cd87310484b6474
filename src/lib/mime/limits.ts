/** Limits of `MimeIndexer`. Past one of them the message is still read to its end, and a problem is recorded. */
export interface MimeLimits {
  /** Bytes kept of one header; fields after them are ignored. */
  readonly maxHeaderBytes: number;
  /** Bytes kept of all headers together, since each part may have one. */
  readonly maxAllHeaderBytes: number;
  /** Nesting of multiparts and messages; deeper ones are opaque bodies. */
  readonly maxDepth: number;
  /** Total number of parts; the rest of the message belongs to the body of the last one. */
  readonly maxParts: number;
  /** Bytes of a line that are compared with boundaries, which have at most 70 characters (RFC 2046 §5.1.1). */
  readonly maxBoundaryLineBytes: number;
  readonly maxProblems: number;
}

/** Safe defaults. */
export const defaultMimeLimits: MimeLimits = {
  maxHeaderBytes: 256 * 1024,
  maxAllHeaderBytes: 4 * 1024 * 1024,
  maxDepth: 50,
  maxParts: 1000,
  maxBoundaryLineBytes: 1000,
  maxProblems: 100,
};
