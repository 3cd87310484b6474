/** Limits of PROXY headers. */
export const proxyHeaderLimits = {
  /** Bytes of a line of version 1 with its CRLF: the longest that the specification has. */
  maxTextBytes: 107,
  /** Bytes of a header of version 2, in which proxies also send names and certificates of clients. */
  maxBinaryBytes: 4096,
} as const;
