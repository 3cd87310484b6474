/**
 * The wire format of SMTP (RFC 5321 and its extensions): lines, commands, replies and content, as bytes and values.
 * No connection, no decision, no clock: see #proto/smtp-server and #proto/smtp-client.
 * Invariants: content ends at CRLF.CRLF only; a bare CR or LF neither comes in nor goes out unnoticed; nothing grows beyond its limit.
 */
export { SmtpCommandCodec } from './command-codec.ts';
export type { CodecEvent, CodecOptions } from './command-codec.ts';
export type { ContentProblem } from './content-scanner.ts';
export { parseCommand } from './command-parser.ts';
export type { Command, HelloArgument, Verb } from './command.ts';
export { DotStuffer } from './dot-stuffer.ts';
export { noExtensions, parseEhlo } from './extensions.ts';
export type { Extensions, ServerLimits } from './extensions.ts';
export { checkLineDiscipline } from './line-discipline.ts';
export { parseMailParameters, parseRcptParameters } from './parameter-parser.ts';
export { noMailParameters, noRcptParameters } from './parameters.ts';
export type { MailParameters, Notify, RcptParameters } from './parameters.ts';
export { ReplyParser } from './reply-parser.ts';
export { writeReply } from './reply-writer.ts';
export type { ReplyStyle } from './reply-writer.ts';
export { isPermanent, joinReplyLines, reply, showReply } from './reply.ts';
export type { Reply } from './reply.ts';
