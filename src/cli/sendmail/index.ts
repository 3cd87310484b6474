/**
 * The sendmail of programs that know no SMTP: arguments as cron, PHP, git and mailx give them, a message on standard input, one server that
 * takes it, and a spool of the user for what could not be sent. The file with the settings is read by #mail/config, SMTP is #proto/smtp-client.
 * Invariants: nothing is thrown away once read, unless it cannot be kept, which is said; a message in the spool is what was asked, not what
 * the configuration of that day made of it, so that correcting the configuration helps.
 */
export { parseSendmailArguments, type SendmailCommand } from './arguments.ts';
export { exitCodes, type ExitCode } from './exit-codes.ts';
export { InputTooLarge, readMessage } from './input.ts';
export { sendmailFile, spoolFolder, type SendmailPlace } from './places.ts';
export type { MessageOrigin } from './prepare.ts';
export { MailSender } from './sender.ts';
export { Spool } from './spool.ts';
