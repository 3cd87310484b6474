/** Bounds of what notices can do. */
export const feedbackLimits = {
  /** Greatest age in ms of a message that a notice names by ENVID or Message-ID. Hosts try for 4 to 5 days (RFC 5321 §4.5.4.1), some for longer. */
  recentMs: 14 * 24 * 60 * 60_000,
  /** Accounts and From-IDs that one notice is looked up for: it is meant for one, and only aliases and strangers bring more. */
  maxAddressees: 100,
  /** Notices recorded for one message. */
  maxEvents: 200,
  /** Messages of one ENVID or Message-ID that are looked at, the newest first. */
  maxMessages: 8,
  /** Recipients of these. */
  maxRecipients: 1000,
  /** Characters kept of a diagnostic. */
  maxDiagnosticChars: 2000,
} as const;
