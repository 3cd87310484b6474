import type { ParsedDsn, ParsedDsnRecipient } from '#lib/dsn';
import { feedbackLimits } from './limits.ts';
import type { TriedRecipient } from '#mail/queue';
import { RecipientMatcher } from './match-recipient.ts';
import type { SentMessage, SentMessages } from './sent-message.ts';

/** Statement of a notice about one recipient of a sent message. */
export interface RecipientReport {
  readonly message: SentMessage;
  /** Null when the recipient is unknown. */
  readonly recipient: TriedRecipient | null;
  /** Per-recipient fields (RFC 3464 §2.3); null when the notice is no report. */
  readonly fields: ParsedDsnRecipient | null;
  /** Host that wrote the report. */
  readonly reportingMta: string | null;
}

/** Interprets a notice. Without a From-ID only facts about a recipient count. Pure. */
export function recipientReportsOf(
  { trust, messages, recipients }: SentMessages,
  dsn: ParsedDsn | null,
): RecipientReport[] {
  const groups = dsn?.recipients ?? [];
  const reportingMta = dsn?.reportingMta ?? null;
  const matcher = new RecipientMatcher(recipients);
  const byId = new Map(messages.map((message) => [message.id, message]));
  const [only] = recipients.length === 1 ? recipients : [];
  const sure = trust === 'fromId' && messages.length === 1 ? messages[0] : null;
  const reports: RecipientReport[] = [];
  for (const fields of groups) {
    // The From-ID of a message to one: whatever the address became by forwarding, our mail to this recipient ended there.
    const recipient = matcher.find(fields) ?? (sure !== null && groups.length === 1 ? (only ?? null) : null);
    const message = recipient === null ? sure : byId.get(recipient.message);
    if (message !== null && message !== undefined) reports.push({ message, recipient, fields, reportingMta });
  }
  if (groups.length === 0 && sure !== null)
    reports.push({ message: sure, recipient: only ?? null, fields: null, reportingMta });
  return reports;
}

/** Formats the facts about one recipient for people and programs; unknown members are left out. */
export function detailOf({ fields, reportingMta }: RecipientReport): {
  readonly action: string;
  readonly [name: string]: string | number;
} {
  const { status, smtpCode, smtpStatus, remoteMta, diagnostic, finalRecipient } = fields ?? nothing;
  return {
    action: fields?.action ?? 'unrecognized',
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
