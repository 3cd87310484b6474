/**
 * Mail from our users: what the submission session asks (#proto/smtp-server, RFC 6409) answered from configuration, credentials and queue.
 * Invariant: a 250 after DATA means that the message waits in the queue, durably, for every recipient, local ones included.
 */
export { Submission } from './submission.ts';
export { standardRules, type SubmissionRulesMaker } from './submission-rules.ts';
