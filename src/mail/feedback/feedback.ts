import type { ParsedDsn, ParsedDsnRecipient } from '#lib/dsn';
import type { AccountId } from '#lib/ids';
import type { Suppressions } from '#mail/suppressions';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import type { Log } from '#ports/log';
import { feedbackLimits } from './limits.ts';
import { RecipientMatcher, type SentRecipient } from './match-recipient.ts';
import { isRefusedForGood } from './refused-for-good.ts';
import { findSentMessages, type SentMessages } from './sent-message.ts';

/** What `Feedback` needs. */
export interface FeedbackDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly suppressions: Pick<Suppressions, 'addIn'>;
}

/** An account whose mailbox has a notice. */
export interface NoticeAccount {
  readonly id: AccountId;
  /** Whether addresses that are refused for good are suppressed; otherwise notices are only recorded. */
  readonly suppresses: boolean;
}

/** A message that came back. */
export interface Notice {
  /** At least one. */
  readonly accounts: readonly NoticeAccount[];
  /** From-IDs in the addresses that it came to. */
  readonly fromIds: readonly string[];
  /** What it reports, null when it is no report that we can read. */
  readonly dsn: ParsedDsn | null;
}

/** One thing to record about a message. */
interface Finding {
  readonly message: number;
  /** Null when it is about nobody that we know. */
  readonly recipient: SentRecipient | null;
  readonly report: ParsedDsnRecipient | null;
}

/** Takes notices in. */
export class Feedback {
  readonly #deps: FeedbackDeps;

  constructor(deps: FeedbackDeps) {
    this.#deps = deps;
  }

  /**
   * Matches a notice to what was sent, records what it says, and suppresses addresses that are refused for good.
   * Done twice it records twice, which is harmless: addresses are suppressed once, and a notice that came twice is told as two.
   * @returns how many events were recorded; 0 for a notice that is about nothing that we know.
   */
  async take({ accounts, fromIds, dsn }: Notice): Promise<number> {
    const { db, clock, log } = this.#deps;
    if (dsn === null && fromIds.length === 0) return 0;
    const clues = {
      accounts: accounts.map(({ id }) => id),
      fromIds,
      envelopeId: dsn?.envelopeId ?? null,
      messageId: dsn?.originalMessageId ?? null,
      nowMs: clock.now(),
    };
    const sent = await db.read((reader) => findSentMessages(reader, clues));
    if (sent === null) return 0;
    const findings = findingsOf(sent, dsn);
    if (findings.length === 0) return 0;
    const suppresses = accounts.some(({ id, suppresses: does }) => id === sent.account && does);
    const recorded = await db.write((tx) => this.#record(tx, sent, findings, { dsn, suppresses }));
    log.info('feedback.recorded', { account: sent.account, trust: sent.trust, messages: idsOf(findings), ...recorded });
    return recorded.events;
  }

  async #record(
    tx: Tx,
    { trust, account }: SentMessages,
    findings: readonly Finding[],
    { dsn, suppresses }: { readonly dsn: ParsedDsn | null; readonly suppresses: boolean },
  ): Promise<{ readonly events: number; readonly suppressed: number }> {
    const counts = { events: 0, suppressed: 0 };
    for (const [message, group] of Map.groupBy(findings, (finding) => finding.message)) {
      const row = await tx.get<{ events: number }>(
        sql`SELECT count(*) AS events FROM queue_event WHERE message = ${message} AND kind = 'notice'`,
      );
      for (const { recipient, report } of group.slice(0, Math.max(0, feedbackLimits.maxEvents - (row?.events ?? 0)))) {
        const mayEnd = suppresses && recipient !== null && report !== null && isRefusedForGood(report);
        const reason = reasonOf(report, dsn);
        const suppressed =
          mayEnd &&
          (await this.#deps.suppressions.addIn(tx, {
            account,
            address: recipient.address,
            source: 'notice',
            reason,
            message,
          }));
        const detail = { trust, ...detailOf(report, dsn), ...(suppressed && { suppressed }) };
        await tx.run(sql`INSERT INTO queue_event (message, recipient, at_ms, kind, detail)
          VALUES (${message}, ${recipient?.id ?? null}, ${this.#deps.clock.now()}, 'notice', ${JSON.stringify(detail)})`);
        counts.events += 1;
        if (suppressed) counts.suppressed += 1;
      }
    }
    return counts;
  }
}

/** What to record. Without a From-ID only what is about a recipient counts. */
function findingsOf(sent: SentMessages, dsn: ParsedDsn | null): Finding[] {
  const { trust, message, recipients } = sent;
  const reports = dsn?.recipients ?? [];
  const matcher = new RecipientMatcher(recipients);
  const only = recipients.length === 1 ? (recipients[0] ?? null) : null;
  const isSure = trust === 'fromId';
  const findings: Finding[] = [];
  for (const report of reports) {
    // The From-ID of a message to one: whatever the address became by forwarding, our mail to this recipient ended there.
    const recipient = matcher.find(report) ?? (isSure && reports.length === 1 ? only : null);
    const about = recipient?.message ?? (isSure ? message : null);
    if (about !== null) findings.push({ message: about, recipient, report });
  }
  if (reports.length === 0 && isSure && message !== null) findings.push({ message, recipient: only, report: null });
  return findings;
}

function detailOf(report: ParsedDsnRecipient | null, dsn: ParsedDsn | null): Record<string, string | number> {
  const reportingMta = dsn?.reportingMta ?? null;
  if (report === null) return { action: 'unrecognized', ...(reportingMta !== null && { reportingMta }) };
  const { action, status, smtpCode, smtpStatus, remoteMta, diagnostic, finalRecipient } = report;
  return {
    action: action ?? 'unrecognized',
    ...((smtpStatus ?? status) !== null && { status: smtpStatus ?? status ?? '' }),
    ...(smtpCode !== null && { code: smtpCode }),
    ...(diagnostic !== null && { diagnostic: diagnostic.slice(0, feedbackLimits.maxDiagnosticChars) }),
    ...(remoteMta !== null && { remoteMta }),
    ...(reportingMta !== null && { reportingMta }),
    ...(finalRecipient !== '' && { finalRecipient }),
  };
}

function reasonOf(report: ParsedDsnRecipient | null, dsn: ParsedDsn | null): string {
  const who = report?.remoteMta ?? dsn?.reportingMta ?? 'a notice';
  return `${who}: ${report?.diagnostic ?? report?.status ?? 'failed'}`;
}

function idsOf(findings: readonly Finding[]): number[] {
  return [...new Set(findings.map(({ message }) => message))];
}
