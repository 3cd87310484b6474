/** Limits of the tolerant header parsers. Past a limit the rest of the input is ignored; that is never an error. */
export const defaultLimits = {
  /** Entries of one address list, group marks included. */
  maxAddresses: 10_000,
  /** Parameters of one Content-Type or Content-Disposition field. */
  maxParameters: 100,
  /** Sections of one continued parameter (RFC 2231 §3). */
  maxParameterPieces: 1000,
  /** Message-IDs taken from one field. */
  maxMessageIds: 200,
  /** Nesting of comments in structured fields (RFC 5322 §3.2.2 permits any); deeper ones end at the first closing parenthesis. */
  maxCommentDepth: 50,
} as const;
