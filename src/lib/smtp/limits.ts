/** Bounds of the command codec. */
export interface CodecLimits {
  /** Command line with its line end (RFC 5321 §4.5.3.1.4 asks for at least 512). */
  readonly maxLineBytes: number;
  /** Line of an AUTH exchange with its line end (RFC 4954 §4 asks for at least 12,288). */
  readonly maxSaslLineBytes: number;
}

/** Limits that suit a public server. */
export const defaultCodecLimits: CodecLimits = { maxLineBytes: 2048, maxSaslLineBytes: 12_288 };

/** Bounds of the reply parser. */
export interface ReplyLimits {
  /** Reply line with its line end. RFC 5321 §4.5.3.1.5 says 512; real servers exceed it. */
  readonly maxLineBytes: number;
  /** Lines of one reply; RFC 5321 §4.2.1 sets no maximum. */
  readonly maxLines: number;
}

/** Limits that suit a client of unknown servers. */
export const defaultReplyLimits: ReplyLimits = { maxLineBytes: 2048, maxLines: 100 };
