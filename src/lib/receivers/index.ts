/**
 * What well-known receivers refuse in a message, or spoil, by their own documentation: a table with the source of each row, and a reader that
 * finds in a message what the table names. Nothing here decides; #server/smtp-in marks messages or refuses them.
 */
export { describeFinding, type Finding } from './finding.ts';
export { MessageChecker, type ContentFacts } from './message-checker.ts';
export { receiverRules, type ReceiverRule } from './rules.ts';
