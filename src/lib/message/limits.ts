/** Limits of the tolerant header parsers. Past a limit the rest of the input is ignored, never an error. */
export const defaultLimits = {
  /** Entries of one address list, group marks included. */
  maxAddresses: 10_000,
  /** Parameters of one Content-Type or Content-Disposition field. */
  maxParameters: 100,
  /** RFC 2231 pieces of one parameter. */
  maxParameterPieces: 1000,
  /** Message-IDs taken from one field. */
  maxMessageIds: 200,
  /** Nesting of comments in structured fields; deeper ones end at the first closing parenthesis. */
  maxCommentDepth: 50,
} as const;
