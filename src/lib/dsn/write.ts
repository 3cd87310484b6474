import { joinBytes } from '#lib/codecs';
import { clean, isAscii, typedAddress, typedOriginal } from './address-type.ts';
import { dsnDate } from './date.ts';
import { humanText, subject } from './human-text.ts';
import type { DsnContent, DsnRecipient } from './types.ts';

/** Length of the longest diagnostic, enough for a reply of many lines. */
const maxDiagnosticChars = 16_384;
/** RFC 5322 §2.1.1: lines of at most 998 bytes, where a character has up to 3. */
const maxPieceChars = 300;

/**
 * Writes a delivery status notification (RFC 3464, RFC 6522; RFC 6533 when `smtputf8`) as a whole message with CRLF line ends:
 * text for people, fields for programs, and the original's header or the original. References and In-Reply-To name the original,
 * so that mail programs show the notification beside it.
 * @throws RangeError for a null sender or no recipients: such a notification must not exist (RFC 3461 §6.2).
 */
export function writeDsn(dsn: DsnContent): Uint8Array {
  if (dsn.to === '') throw new RangeError('a DSN to the null reverse-path');
  if (dsn.perRecipient.length === 0) throw new RangeError('a DSN about no recipient');
  const encoder = new TextEncoder();
  const text = humanText(dsn);
  const parts: Uint8Array[] = [];
  const add = (s: string): void => void parts.push(encoder.encode(s));
  add(topHeader(dsn));
  add(`--${dsn.boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n`);
  add(`Content-Transfer-Encoding: ${isSevenBit(text) ? '7bit' : '8bit'}\r\n\r\n${text}`);
  const fields = statusFields(dsn);
  add(`\r\n--${dsn.boundary}\r\nContent-Type: message/${dsn.smtputf8 ? 'global-' : ''}delivery-status\r\n`);
  add(`Content-Transfer-Encoding: ${isSevenBit(fields) ? '7bit' : '8bit'}\r\n\r\n${fields}`);
  const eightBit = dsn.original.some((byte) => byte > 127);
  add(`\r\n--${dsn.boundary}\r\nContent-Type: ${originalType(dsn, eightBit)}\r\n`);
  add(`Content-Transfer-Encoding: ${eightBit ? '8bit' : '7bit'}\r\n\r\n`);
  parts.push(dsn.original);
  add(`\r\n--${dsn.boundary}--\r\n`);
  return joinBytes(parts);
}

function topHeader(dsn: DsnContent): string {
  const lines = [
    `From: Mail Delivery System <${clean(dsn.from)}>`,
    `To: <${clean(dsn.to)}>`,
    `Subject: ${subject(dsn.kind)}`,
    `Date: ${dsnDate(dsn.nowMs)}`,
    `Message-ID: ${dsn.messageId}`,
  ];
  const id = dsn.originalMessageId === null ? null : clean(dsn.originalMessageId);
  // An id beyond ASCII needs UTF-8 in headers.
  if (id !== null && (dsn.smtputf8 || isAscii(id))) {
    lines.push(`In-Reply-To: ${id}`, `References: ${id}`);
  }
  lines.push(
    'Auto-Submitted: auto-replied', // RFC 3834 §5
    'MIME-Version: 1.0',
    // RFC 6533 §4.4: the report type is the same with the global media types.
    'Content-Type: multipart/report; report-type=delivery-status;',
    `\tboundary="${dsn.boundary}"`,
  );
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function statusFields(dsn: DsnContent): string {
  const lines = [`Reporting-MTA: dns; ${dsn.reportingMta}`];
  if (dsn.envelopeId !== null) lines.push(`Original-Envelope-Id: ${plain(dsn.envelopeId, dsn.smtputf8)}`);
  lines.push(`Arrival-Date: ${dsnDate(dsn.arrivalMs)}`);
  for (const recipient of dsn.perRecipient) lines.push('', ...recipientFields(recipient, dsn.smtputf8));
  return `${lines.join('\r\n')}\r\n`;
}

function recipientFields(r: DsnRecipient, smtputf8: boolean): string[] {
  const lines: string[] = [];
  // RFC 3464 §2.3.1: Original-Recipient, when present, comes first.
  if (r.originalRecipient !== null) lines.push(`Original-Recipient: ${typedOriginal(r.originalRecipient, smtputf8)}`);
  lines.push(
    `Final-Recipient: ${typedAddress(r.finalRecipient, smtputf8)}`,
    `Action: ${r.action}`,
    `Status: ${r.status}`,
  );
  if (r.remoteMta !== null) lines.push(`Remote-MTA: dns; ${plain(r.remoteMta, smtputf8)}`);
  if (r.diagnostic !== null) {
    const said = r.diagnostic.slice(0, maxDiagnosticChars).split('\n');
    const folded = said
      .flatMap((line) => pieces(plain(line, smtputf8).trim()))
      .filter((line) => line !== '')
      .join('\r\n ');
    lines.push(`Diagnostic-Code: ${r.diagnosticIsSmtp ? 'smtp' : 'x-godwit'}; ${folded}`);
  }
  if (r.lastAttemptMs !== null) lines.push(`Last-Attempt-Date: ${dsnDate(r.lastAttemptMs)}`);
  // RFC 3464 §2.3.9: Will-Retry-Until is for delayed recipients only.
  if (r.willRetryUntilMs !== null && r.action === 'delayed')
    lines.push(`Will-Retry-Until: ${dsnDate(r.willRetryUntilMs)}`);
  return lines;
}

function originalType(dsn: DsnContent, eightBit: boolean): string {
  const isGlobal = dsn.smtputf8 && eightBit;
  if (dsn.returnFull) return isGlobal ? 'message/global' : 'message/rfc822';
  return isGlobal ? 'message/global-headers' : 'text/rfc822-headers';
}

/** Splits a line into pieces that fit into lines of a header, at spaces where there are any. */
function pieces(line: string): string[] {
  const found: string[] = [];
  for (let rest = line; rest !== '';) {
    const space = rest.length <= maxPieceChars ? -1 : rest.lastIndexOf(' ', maxPieceChars);
    const length = rest.length <= maxPieceChars ? rest.length : space > 0 ? space : maxPieceChars;
    found.push(rest.slice(0, length));
    rest = rest.slice(length).trimStart();
  }
  return found;
}

function plain(text: string, smtputf8: boolean): string {
  const safe = clean(text);
  return smtputf8 ? safe : safe.replace(/[^\x20-\x7e]/gu, '?');
}

function isSevenBit(text: string): boolean {
  return isAscii(text.replace(/[\r\n]/g, ''));
}
