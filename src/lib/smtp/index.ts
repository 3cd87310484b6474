/**
 * The wire format of SMTP (RFC 5321 and its extensions): lines, commands, replies and content, as bytes and values.
 * No connection, no decision, no clock: see #proto/smtp-server and #proto/smtp-client.
 * Invariants: content ends at CRLF.CRLF only; a bare CR or LF neither comes in nor goes out unnoticed; nothing grows beyond its limit.
 */
export { noMailParameters, noRcptParameters } from './parameters.ts';
export type { MailParameters, Notify, RcptParameters } from './parameters.ts';
export { isPermanent, isPositive, isTransient, reply, showReply } from './reply.ts';
export type { Reply } from './reply.ts';
