/** Limits on what one client may send; sizes in bytes. */
export interface ImapLimits {
  /** All bytes of one command outside literals, line breaks included. RFC 2683 §3.2.1.5 asks servers to accept 8000. */
  readonly maxLineBytes: number;
  /** One literal that is an argument (not a message of APPEND). */
  readonly maxLiteralBytes: number;
  /** Sum of all such literals of one command. */
  readonly maxLiteralsBytes: number;
  /** Number of literals of one command, messages of APPEND included. */
  readonly maxLiterals: number;
  /** One message of APPEND. */
  readonly maxMessageBytes: number;
  /** Ranges in one sequence set. */
  readonly maxRanges: number;
  /** Nesting of search keys. */
  readonly maxSearchDepth: number;
  /** Elements of one list: fetch items, header field names, patterns, flags, search keys of one command. */
  readonly maxListItems: number;
}

/** Limits for clients that are logged in. */
export const defaultLimits: ImapLimits = {
  maxLineBytes: 64 * 1024,
  maxLiteralBytes: 100 * 1024,
  maxLiteralsBytes: 1024 * 1024,
  maxLiterals: 1000,
  maxMessageBytes: 2 ** 32 - 1,
  maxRanges: 10_000,
  maxSearchDepth: 50,
  maxListItems: 2000,
};

/** Limits for clients that are not logged in yet: enough for LOGIN, AUTHENTICATE, and an ID of 30 pairs of 30 and 1024 octets (RFC 2971 §3.3), all escaped. */
export const unauthenticatedLimits: ImapLimits = {
  ...defaultLimits,
  maxLineBytes: 64 * 1024,
  maxLiteralBytes: 4096,
  maxLiteralsBytes: 32 * 1024,
  maxLiterals: 70,
  maxMessageBytes: 0,
};
