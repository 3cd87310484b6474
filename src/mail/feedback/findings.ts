import type { ParsedDsn, ParsedDsnRecipient } from '#lib/dsn';
import { feedbackLimits } from './limits.ts';
import type { TriedRecipient } from '#mail/queue';
import { RecipientMatcher } from './match-recipient.ts';
import type { SentMessage, SentMessages } from './sent-message.ts';

/** One thing to record about a message. */
export interface Finding {
  readonly message: SentMessage;
  /** Null when the recipient is unknown. */
  readonly recipient: TriedRecipient | null;
  /** Null when what came is no report. */
  readonly report: ParsedDsnRecipient | null;
  /** Host that wrote the report. */
  readonly reportingMta: string | null;
}

/** Interprets a notice. Without a From-ID only facts about a recipient count. Pure. */
export function findingsOf({ trust, messages, recipients }: SentMessages, dsn: ParsedDsn | null): Finding[] {
  const reports = dsn?.recipients ?? [];
  const reportingMta = dsn?.reportingMta ?? null;
  const matcher = new RecipientMatcher(recipients);
  const byId = new Map(messages.map((message) => [message.id, message]));
  const [only] = recipients.length === 1 ? recipients : [];
  const sure = trust === 'fromId' && messages.length === 1 ? messages[0] : null;
  const findings: Finding[] = [];
  for (const report of reports) {
    // The From-ID of a message to one: whatever the address became by forwarding, our mail to this recipient ended there.
    const recipient = matcher.find(report) ?? (sure !== null && reports.length === 1 ? (only ?? null) : null);
    const message = recipient === null ? sure : byId.get(recipient.message);
    if (message !== null && message !== undefined) findings.push({ message, recipient, report, reportingMta });
  }
  if (reports.length === 0 && sure !== null)
    findings.push({ message: sure, recipient: only ?? null, report: null, reportingMta });
  return findings;
}

/** Formats the facts about one recipient for people and programs; unknown members are left out. */
export function detailOf({ report, reportingMta }: Finding): {
  readonly action: string;
  readonly [name: string]: string | number;
} {
  const { status, smtpCode, smtpStatus, remoteMta, diagnostic, finalRecipient } = report ?? nothing;
  return {
    action: report?.action ?? 'unrecognized',
    ...((smtpStatus ?? status) !== null && { status: smtpStatus ?? status ?? '' }),
    ...(smtpCode !== null && { code: smtpCode }),
    ...(diagnostic !== null && { diagnostic: diagnostic.slice(0, feedbackLimits.maxDiagnosticChars) }),
    ...(remoteMta !== null && { remoteMta }),
    ...(reportingMta !== null && { reportingMta }),
    ...(finalRecipient !== '' && { finalRecipient }),
  };
}

const nothing = {
  status: null,
  smtpCode: null,
  smtpStatus: null,
  remoteMta: null,
  diagnostic: null,
  finalRecipient: '',
} as const;
