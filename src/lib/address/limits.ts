/** Bounds of parts of the envelope, in octets of UTF-8. */
export const addressLimits = {
  /**
   * RFC 5321 §4.5.3.1.1 asks servers to take this many, counted without the quoting that the written form may need. We take what the path
   * has room for (§4.5.3.1: no limits where possible; bounce addresses of large senders are longer) and stay within it in what we make.
   */
  portableLocalpartBytes: 64,
  /**
   * With punctuation and source route. RFC 5321 §4.5.3.1.3 asks for 256; a command line has room for this and for parameters, and so has
   * a header line with its 998 octets (RFC 5322 §2.1.1), where reports and trace fields name addresses.
   */
  maxPathBytes: 900,
} as const;
