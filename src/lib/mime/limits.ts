/** Limits of `MimeIndexer`. Past one of them the message is still read to its end, with a problem noted. */
export interface MimeLimits {
  /** Bytes kept of one header; the fields after them are not seen. */
  readonly maxHeaderBytes: number;
  /** Bytes kept of all headers together, since each part may have one. */
  readonly maxAllHeaderBytes: number;
  /** Nesting of multiparts and messages; deeper ones are opaque bodies. */
  readonly maxDepth: number;
  /** Parts in all; what follows belongs to the body of the last one. */
  readonly maxParts: number;
  /** Bytes of a line that are compared with boundaries, for which RFC 2046 §5.1.1 allows 70 octets. */
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
