/**
 * Mail from our users: what the submission session asks (#proto/smtp-server, RFC 6409) answered from configuration, credentials and queue. Mail that
 * comes without a session, by JMAP, is decided by the same object in the same order (`submitMessage`).
 * Invariant: a 250 after DATA means that the message waits in the queue, durably, for every recipient, local ones included.
 */
export { Submission } from './submission.ts';
export { submissionOffer } from './submission-offer.ts';
export { standardRules, type SubmissionRules, type SubmissionRulesMaker } from './submission-rules.ts';
export { UserMail } from './user-mail.ts';
export { submitMessage, type DirectResult } from './submit-message.ts';
