import { clean } from './address-type.ts';
import { dsnDate } from './date.ts';
import type { DsnContent, DsnRecipient } from './types.ts';

const wrapColumns = 900; // RFC 5322 §2.1.1: lines of at most 998 bytes

const subjects = {
  failed: 'Your message was not delivered',
  delayed: 'Your message is delayed, we keep trying',
  delivered: 'Your message was delivered',
  relayed: 'Your message was passed on',
} as const;

/** Subject of the notification. */
export function subject(kind: DsnContent['kind']): string {
  return subjects[kind];
}

/** The part for people: what happened to which recipient, in whose words, and what to do about it. CRLF line ends. */
export function humanText(dsn: DsnContent): string {
  const lines = [`This is the mail server ${dsn.reportingMta}.`, '', intro(dsn), ''];
  for (const recipient of dsn.perRecipient) {
    lines.push(`  ${clean(recipient.finalRecipient)}`, ...explanation(recipient).map((line) => `    ${line}`), '');
  }
  for (const advice of new Set(dsn.perRecipient.map((r) => adviceFor(dsn.kind, r)))) lines.push(advice, '');
  lines.push(
    dsn.returnFull
      ? 'Your message is attached.'
      : 'The header of your message is attached, so that you can recognise it.',
  );
  return lines.map((line) => `${line.slice(0, wrapColumns)}\r\n`).join('');
}

function intro(dsn: DsnContent): string {
  const when = dsnDate(dsn.arrivalMs);
  return {
    failed: `I am sorry: your message of ${when} could not be delivered to:`,
    delayed: `Your message of ${when} has not been delivered yet to:`,
    delivered: `As you asked to be told: your message of ${when} was delivered to:`,
    relayed: `Your message of ${when} was passed on to a server that does not report delivery, for:`,
  }[dsn.kind];
}

function explanation(recipient: DsnRecipient): string[] {
  const lines: string[] = [];
  if (recipient.diagnostic !== null && recipient.action !== 'delivered' && recipient.action !== 'relayed') {
    lines.push(
      recipient.diagnosticIsSmtp && recipient.remoteMta !== null
        ? `The server ${clean(recipient.remoteMta)} said:`
        : 'The reason:',
    );
    for (const line of recipient.diagnostic.split('\n')) lines.push(`  ${clean(line)}`);
  }
  if (recipient.willRetryUntilMs !== null) lines.push(`We try until ${dsnDate(recipient.willRetryUntilMs)}.`);
  return lines;
}

function adviceFor(kind: DsnContent['kind'], recipient: DsnRecipient): string {
  if (kind === 'delivered' || kind === 'relayed') return 'You need not do anything.';
  if (kind === 'delayed') {
    return 'You need not do anything and should not send it again. You will be told if it cannot be delivered in the end.';
  }
  const [, group = '', detail = ''] = recipient.status.split('.');
  // RFC 3463 §3.2 to §3.8: the subject says whose business the trouble is.
  if (group === '1')
    return 'What to do: check the address for typing errors, or ask the recipient for the current one.';
  if (group === '2' && detail === '2')
    return "What to do: the recipient's mailbox is full. Tell them another way, and send it again later.";
  if ((group === '2' || group === '3') && (detail === '3' || detail === '4')) {
    return 'What to do: the message is too large for the recipient. Send less at a time, or share the file another way.';
  }
  if (group === '7') {
    return "What to do: the recipient's server refuses the message by its rules. Ask its postmaster, with the words above, to allow it.";
  }
  if (recipient.status.startsWith('4') || group === '4') {
    return "What to do: the recipient's server could not be reached or kept refusing for too long. Send the message again later, or tell the recipient another way.";
  }
  return 'What to do: the words of the server above say why. If they do not help you, show them to your postmaster.';
}
