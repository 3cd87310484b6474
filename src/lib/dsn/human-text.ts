import { decodeEncodedWords, fieldText, findField, parseHeader } from '#lib/message';
import { clean, typedOriginal } from './address-type.ts';
import { dsnDate } from './date.ts';
import type { DsnContent, DsnRecipient } from './types.ts';

// RFC 5322 §2.1.1: lines of at most 998 bytes, a character has up to 3, and longer ones are not read to the end.
const maxColumns = 300;
const proseColumns = 78;
const maxSubjectChars = 100;
/** Indentation of the text about one recipient. */
const indent = '    ';

const subjects = {
  failed: 'Your message was not delivered',
  delayed: 'Your message is delayed, we keep trying',
  delivered: 'Your message was delivered',
  relayed: 'Your message was passed on',
} as const;

/** Returns the subject of the notification. */
export function subject(kind: DsnContent['kind']): string {
  return subjects[kind];
}

/** Returns the part for people, which comes first (RFC 6522 §3): outcome per recipient, diagnostic, advice and next step. CRLF line ends. */
export function humanText(dsn: DsnContent): string {
  const lines = [`This is the mail server ${dsn.reportingMta}.`, '', ...wrapped(opening(dsn)), ''];
  const advices = dsn.perRecipient.map((recipient) => adviceFor(dsn.kind, recipient));
  const [common = ''] = advices;
  const isCommon = advices.every((advice) => advice === common);
  for (const [i, recipient] of dsn.perRecipient.entries()) {
    const advice = isCommon ? [] : wrapped(advices[i] ?? '', proseColumns - indent.length);
    const about = [...explanation(recipient), ...advice].map((line) => `${indent}${line}`);
    lines.push(`  ${clean(recipient.finalRecipient)}`, ...about, '');
  }
  if (isCommon) lines.push(...wrapped(common), '');
  const after = next[dsn.kind];
  if (after !== null) lines.push(...wrapped(after), '');
  lines.push(
    dsn.returnFull
      ? 'Your message is attached.'
      : 'The header of your message is attached, so that you can recognise it.',
  );
  return lines.map((line) => `${line.slice(0, maxColumns)}\r\n`).join('');
}

/** Text about the next step. */
const next = {
  failed: 'We do not try again.',
  delayed: 'You will be told if it cannot be delivered in the end.',
  delivered: null,
  relayed: 'If that server cannot deliver it, it should tell you.',
} as const;

function opening(dsn: DsnContent): string {
  const field = findField(parseHeader(dsn.original), 'subject');
  const title =
    field === null
      ? ''
      : clean(decodeEncodedWords(fieldText(field)))
          .trim()
          .slice(0, maxSubjectChars);
  const message = `your message of ${dsnDate(dsn.arrivalMs)}${title === '' ? '' : `, "${title}",`}`;
  return {
    failed: `I am sorry: ${message} could not be delivered to:`,
    delayed: `Y${message.slice(1)} has not been delivered yet to:`,
    delivered: `As you asked to be told: ${message} was delivered to:`,
    relayed: `As you asked to be told: ${message} was passed on to a server that does not report delivery, for:`,
  }[dsn.kind];
}

function explanation(recipient: DsnRecipient): string[] {
  const lines: string[] = [];
  const { action, diagnostic, lastAttemptMs, willRetryUntilMs } = recipient;
  const written = addressWritten(recipient);
  if (written !== null) lines.push(`(you wrote to ${written})`);
  if (diagnostic !== null && action !== 'delivered' && action !== 'relayed') {
    lines.push(isOfServer(recipient) ? `The server ${clean(recipient.remoteMta ?? '')} said:` : 'The reason:');
    for (const line of diagnostic.split('\n')) lines.push(`  ${clean(line)}`);
  }
  if (willRetryUntilMs !== null) lines.push(`We try until ${dsnDate(willRetryUntilMs)}.`);
  else if (action === 'failed' && recipient.status.startsWith('4') && lastAttemptMs !== null)
    lines.push(`We kept trying, for the last time on ${dsnDate(lastAttemptMs)}.`);
  return lines;
}

/** Returns the original recipient when it differs from the final one; null otherwise. */
function addressWritten({ originalRecipient, finalRecipient }: DsnRecipient): string | null {
  if (originalRecipient === null) return null;
  const typed = typedOriginal(originalRecipient, true);
  const written = typed.slice(typed.indexOf(';') + 1).trim();
  return written.toLowerCase() === finalRecipient.toLowerCase() ? null : written;
}

/** Wraps text into lines of at most `columns` characters. */
function wrapped(text: string, columns = proseColumns): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}

function adviceFor(kind: DsnContent['kind'], recipient: DsnRecipient): string {
  if (kind === 'delivered' || kind === 'relayed') return 'You need not do anything.';
  if (kind === 'delayed') {
    return 'You need not do anything, and should not send it again.';
  }
  const [, group = '', detail = ''] = recipient.status.split('.');
  // RFC 3463 §3.2 to §3.8: the subject tells whose problem it is.
  if (group === '1')
    return 'What to do: check the address for typing errors, or ask the recipient for the current one.';
  if (group === '2' && detail === '2')
    return "What to do: the recipient's mailbox is full. Tell them another way, and send it again later.";
  if ((group === '2' && detail === '3') || (group === '3' && detail === '4')) {
    return 'What to do: the message is too large for the recipient. Send less at a time, or share the file another way.';
  }
  const isOurs = !isOfServer(recipient);
  if (group === '3' && isOurs) {
    return 'What to do: nothing is wrong with the address; this is trouble of this mail server. Show this notice to your postmaster, and send the message again when it is over.';
  }
  if (group === '7' && isOurs) {
    return "What to do: this was decided here, not by the recipient's server. If the reason above does not help you, show it to your postmaster.";
  }
  if (group === '7') {
    return "What to do: the recipient's server refuses the message by its rules. Ask its postmaster, with the words above, to allow it.";
  }
  if (recipient.status.startsWith('4') || group === '4') {
    return "What to do: the recipient's server could not be reached or kept refusing for too long. Send the message again later, or tell the recipient another way.";
  }
  return isOurs
    ? 'What to do: if the reason above does not help you, show it to your postmaster.'
    : 'What to do: the words of the server above say why. If they do not help you, show them to your postmaster.';
}

/** Reports whether the diagnostic is a reply of a server and not a decision of this one. */
function isOfServer({ diagnosticIsSmtp, remoteMta }: DsnRecipient): boolean {
  return diagnosticIsSmtp && remoteMta !== null;
}
