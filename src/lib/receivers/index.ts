/**
 * Defects for which well-known receivers refuse or alter a message, by their own documentation: a table with the source of each row, and a
 * checker that finds these defects in a message. #mail/inbound refuses such messages, and #server/localserve marks them.
 */
export { describeViolation, type Violation } from './violation.ts';
export { MessageChecker, type ContentFacts } from './message-checker.ts';
export { receiverRules, type ReceiverRule } from './rules.ts';
