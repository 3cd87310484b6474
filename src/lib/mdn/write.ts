import { foldField, writeAddresses, writeUnstructured, type AddressEntry } from '#lib/message';
import { blankControls } from '#lib/printable';
import type { MdnContent, MdnDisposition, MdnReport } from './types.ts';

/** Beginning and end of a notification, around the original. */
export interface WrittenMdn {
  readonly start: string;
  readonly end: string;
}

/**
 * Writes a disposition notification (RFC 8098 §3, RFC 6522) without Date and Message-ID, with CRLF line ends. Its third part is the original, to be put between
 * both texts. @param original  Media type of it; null for none, which leaves the third part out.
 */
export function writeMdn(mdn: MdnContent, original: string | null): WrittenMdn {
  const { boundary } = mdn;
  const delimiter = `\r\n--${boundary}\r\n`;
  const text = mdn.text.replaceAll(/\r\n|\r|\n/g, '\r\n');
  const third = original === null ? '' : `${delimiter}Content-Type: ${original}\r\n\r\n`;
  return {
    start:
      `${topHeader(mdn)}\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n` +
      `${text}${delimiter}Content-Type: message/disposition-notification\r\n\r\n${reportFields(mdn)}${third}`,
    end: `\r\n--${boundary}--\r\n`,
  };
}

function topHeader({ from, to, subject, originalMessageId, disposition, boundary }: MdnContent): string {
  const id = originalMessageId === null ? null : plain(originalMessageId);
  return [
    writeAddresses('From', [mailboxOf(from.name, from.email)]),
    writeAddresses(
      'To',
      to.map((address) => mailboxOf(null, address)),
    ),
    writeUnstructured('Subject', blankControls(subject)),
    ...(id === null ? [] : [foldField('In-Reply-To', [` ${id}`]), foldField('References', [` ${id}`])]),
    // RFC 3834 §5
    ...(disposition.sendingMode === 'mdn-sent-automatically' ? ['Auto-Submitted: auto-replied\r\n'] : []),
    'MIME-Version: 1.0\r\n',
    `Content-Type: multipart/report; report-type=disposition-notification;\r\n boundary="${boundary}"\r\n`,
  ].join('');
}

function mailboxOf(name: string | null, email: string): AddressEntry {
  const at = email.lastIndexOf('@');
  return { kind: 'mailbox', name, localpart: email.slice(0, at), domain: email.slice(at + 1) };
}

function reportFields(mdn: MdnReport): string {
  const fields: (readonly [string, string | null])[] = [
    ['Reporting-UA', mdn.reportingUA],
    ['MDN-Gateway', mdn.mdnGateway],
    ['Original-Recipient', mdn.originalRecipient],
    ['Final-Recipient', mdn.finalRecipient],
    ['Original-Message-ID', mdn.originalMessageId],
    ['Disposition', dispositionText(mdn.disposition)],
    ...mdn.error.map((text) => ['Error', text] as const),
    ...mdn.extensionFields,
  ];
  return fields
    .map(([name, value]) => (value === null ? '' : foldField(name, ` ${plain(value)}`.split(/(?= )/))))
    .join('');
}

/** RFC 8098 §3.2.6: the words are compared without regard to case, and have capitals there. */
function dispositionText({ actionMode, sendingMode, type }: MdnDisposition): string {
  return `${actionMode}/${sendingMode.replace('mdn', 'MDN')}; ${type}`;
}

/** Fields of a report are ASCII. */
function plain(text: string): string {
  return blankControls(text)
    .replaceAll(/[^\x20-\x7e]/gu, '?')
    .trim();
}
