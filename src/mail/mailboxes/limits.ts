/** Bounds on what clients may create. */
export const mailboxLimits = {
  /** Bytes of a name in UTF-8. */
  maxNameBytes: 1024,
  /** Levels of hierarchy. */
  maxDepth: 32,
  /** Mailboxes in one account. */
  maxMailboxes: 20_000,
  /** Subscribed names in one account, existing mailboxes included. */
  maxSubscriptions: 40_000,
} as const;
