/** Bounds of what is kept of submissions. */
export const submissionLimits = {
  /** Time in ms after its release for which a submission is kept, and after its end for which it is reported as destroyed. */
  keepMs: 90 * 86_400_000,
  /** Submissions of one account; the oldest go first. */
  maxOfAccount: 10_000,
  /** Recipients of one submission whose status is shown. */
  maxRecipients: 1000,
  /** Notices about one submission that are kept. */
  maxNotices: 200,
  /** Characters of a reply that are kept of a notice. */
  maxReplyChars: 1000,
} as const;

/** Limits with the names of `submissionLimits`. */
export type SubmissionLimits = { readonly [K in keyof typeof submissionLimits]: number };
