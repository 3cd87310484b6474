/**
 * Submissions as JMAP shows them (RFC 8621 §7). They are in the server's database, beside the queue: a submission is written in the transaction that
 * queues its message, follows it through every change, and keeps what the queue forgets. So nothing is queued without its submission, nothing is
 * sent twice for one, and what is canceled was never sent (decision 25).
 */
export { deliveryStatusOf } from './delivery-status.ts';
export { EmailSubmissions, SubmissionsChanged, type SubmissionOutcome } from './email-submissions.ts';
export type { Submission } from './submission.ts';
