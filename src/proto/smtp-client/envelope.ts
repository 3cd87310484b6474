import { type ForwardPath, writePath } from '#lib/address';
import { encodeUnitext, encodeUtf8AddrXtext, encodeXtext } from '#lib/codecs';
import type { Extensions, Notify } from '#lib/smtp';
import type { MailRecipient, OutgoingMail } from './types.ts';

/** Formats the MAIL command (RFC 5321 §4.1.1.2), with parameters of offered extensions only: others MUST NOT be sent (RFC 5321 §4.1.1.3). */
export function mailCommand(mail: OutgoingMail, extensions: Extensions): string {
  let line = `MAIL FROM:${path(mail.from, mail)}`;
  if (extensions.size !== null) line += ` SIZE=${mail.sizeBytes}`;
  if (mail.eightBit && extensions.eightBitMime) line += ' BODY=8BITMIME';
  // RFC 6531 §3.4: SMTPUTF8 is sent only when the envelope or the header needs it (SHOULD NOT otherwise).
  if (mail.smtputf8) line += ' SMTPUTF8';
  if (mail.requireTls) line += ' REQUIRETLS';
  // RFC 3461 §4.4: ENVID is xtext.
  if (extensions.dsn && mail.ret !== undefined) line += ` RET=${mail.ret}`;
  if (extensions.dsn && mail.envid !== undefined) line += ` ENVID=${encodeXtext(mail.envid)}`;
  return line;
}

/** Formats the RCPT command for a recipient (RFC 5321 §4.1.1.3). */
export function rcptCommand(recipient: MailRecipient, mail: OutgoingMail, extensions: Extensions): string {
  let line = `RCPT TO:${path(recipient.address, mail)}`;
  if (extensions.dsn && recipient.notify !== undefined) line += ` NOTIFY=${writeNotify(recipient.notify)}`;
  if (extensions.dsn && recipient.orcpt !== undefined) {
    const { type, address } = recipient.orcpt;
    // RFC 6533 §3: unitext only in a transaction with SMTPUTF8; otherwise utf-8-addr-xtext MUST be used.
    const encodeUtf8 = mail.smtputf8 ? encodeUnitext : encodeUtf8AddrXtext;
    line += ` ORCPT=${type};${type === 'utf-8' ? encodeUtf8(address) : encodeXtext(address)}`;
  }
  return line;
}

function path(address: ForwardPath | null, mail: OutgoingMail): string {
  return writePath(address, mail.smtputf8 ? 'unicode' : 'ascii');
}

/** Formats the value of NOTIFY; NEVER MUST appear by itself (RFC 3461 §4.1). */
function writeNotify({ success, failure, delay }: Notify): string {
  const words = [success ? 'SUCCESS' : '', failure ? 'FAILURE' : '', delay ? 'DELAY' : ''].filter((w) => w !== '');
  return words.length === 0 ? 'NEVER' : words.join(',');
}
