/** Limits of parts of the envelope, in octets of UTF-8. */
export const addressLimits = {
  /**
   * Maximum in RFC 5321 §4.5.3.1.1, counted without the quoting that the written form may need. We accept everything that fits the path
   * (RFC 5321 §4.5.3.1: no limits where possible; bounce addresses of large senders are longer) and generate no longer ones.
   */
  portableLocalpartBytes: 64,
  /**
   * With punctuation and source route. RFC 5321 §4.5.3.1.3 has 256; a command line has room for this length and for parameters, and so has
   * a header line of 998 octets (RFC 5322 §2.1.1) in reports and trace fields.
   */
  maxPathBytes: 900,
} as const;
