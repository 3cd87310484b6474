import type { ParsedDsn } from '#lib/dsn';
import type { AccountId } from '#lib/ids';
import { policyOf, writeEvent, type OutgoingPolicy, type PerAccount } from '#mail/queue';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Reader, type Tx } from '#ports/database';
import type { Log } from '#ports/log';
import { detailOf, recipientReportsOf, type RecipientReport } from './recipient-reports.ts';
import { feedbackLimits } from './limits.ts';
import type { TriedRecipient } from '#mail/queue';
import { isRefusedForGood } from './refused-for-good.ts';
import { findSentMessages, type Trust } from './sent-message.ts';

/** Dependencies of `Feedback`. */
export interface FeedbackDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Policies of accounts for suppression and webhooks, and where to write. */
  readonly perAccount: PerAccount;
}

/** A message that came back. */
export interface Notice {
  /** Those whose mailboxes have it; at least one. */
  readonly accounts: readonly AccountId[];
  /** From-IDs in the addresses that it came to. */
  readonly fromIds: readonly string[];
  /** Address of the client that brought it. */
  readonly remoteIp: string;
  /** Parsed report, null when it is not readable as one. */
  readonly dsn: ParsedDsn | null;
  /** Its own Message-ID with angle brackets, null when it has none. */
  readonly messageId: string | null;
}

/** Manner of recording reports. */
interface Recording {
  readonly trust: Trust;
  readonly account: AccountId;
  readonly policy: OutgoingPolicy;
  readonly remoteIp: string;
  readonly messageId: string | null;
  readonly nowMs: number;
}

/** Takes notices in. */
export class Feedback {
  readonly #deps: FeedbackDeps;

  constructor(deps: FeedbackDeps) {
    this.#deps = deps;
  }

  /**
   * Matches a notice to what was sent, records what it says, and suppresses addresses that are refused for good.
   * Done twice it records twice, which is harmless: addresses are suppressed once, and a notice that came twice is recorded as two.
   * @returns how many events were recorded; 0 for a notice that is about nothing that we know.
   */
  async take({ accounts, fromIds, remoteIp, dsn, messageId: noticeId }: Notice): Promise<number> {
    const { db, clock, log, perAccount } = this.#deps;
    if (dsn === null && fromIds.length === 0) return 0;
    const nowMs = clock.now();
    const { maxAddressees } = feedbackLimits;
    const envelopeId = dsn?.envelopeId ?? null;
    const messageId = dsn?.originalMessageId ?? null;
    const sent = await db.read((reader) =>
      findSentMessages(reader, {
        accounts: accounts.slice(0, maxAddressees),
        fromIds: fromIds.slice(0, maxAddressees),
        envelopeId,
        messageId,
        nowMs,
      }),
    );
    const reports = sent === null ? [] : recipientReportsOf(sent, dsn);
    if (sent === null || reports.length === 0) return 0;
    const { trust } = sent;
    const { account } = sent.messages[0];
    const policy = await policyOf(perAccount.policies, account);
    const recording = { trust, account, policy, remoteIp, messageId: noticeId, nowMs };
    const recorded = await db.write((tx) => this.#record(tx, reports, recording));
    const messages = [...new Set(reports.map(({ message }) => message.id))];
    log.info('feedback.recorded', { account, trust, messages, ...recorded });
    return recorded.events;
  }

  async #record(
    tx: Tx,
    reports: readonly RecipientReport[],
    recording: Recording,
  ): Promise<{ readonly events: number; readonly suppressed: number }> {
    const counts = { events: 0, suppressed: 0 };
    for (const [message, group] of Map.groupBy(reports, (report) => report.message.id)) {
      const row = await tx.get<{ events: number }>(
        sql`SELECT count(*) AS events FROM queue_event WHERE message = ${message} AND kind = 'notice'`,
      );
      const room = Math.max(0, feedbackLimits.maxEvents - (row?.events ?? 0));
      for (const report of group.slice(0, room)) {
        counts.events += 1;
        if (await this.#recordOne(tx, report, recording)) counts.suppressed += 1;
      }
    }
    return counts;
  }

  /** @returns whether the address is suppressed from now on. */
  async #recordOne(tx: Tx, report: RecipientReport, recording: Recording): Promise<boolean> {
    const { trust, account, policy, nowMs } = recording;
    const { message, recipient, fields, reportingMta } = report;
    const { suppressions, outbox, follower } = this.#deps.perAccount;
    const said = detailOf(report);
    const host = fields?.remoteMta ?? reportingMta;
    const reply = fields?.diagnostic ?? fields?.status ?? '';
    let suppresses = false;
    const isBad = recipient !== null && fields !== null && isRefusedForGood(fields);
    if (policy.suppressesRefused && isBad && (await mayEnd(tx, recipient, recording))) {
      const { address } = recipient;
      const reason = host === null ? reply : `${host}: ${reply}`;
      suppresses = await suppressions.addIn(tx, { account, address, source: 'notice', reason, message: message.id });
    }
    const detail = { trust, ...said, ...(suppresses && { suppresses }) };
    const ofWhom = { message: message.id, recipient: recipient?.id ?? null };
    await writeEvent(tx, ofWhom, { atMs: nowMs, kind: 'notice', detail });
    const { messageId } = recording;
    const number = recipient?.number ?? null;
    await follower.noticedIn(tx, { message: message.id, number, action: said.action, reply, messageId });
    if (recipient === null || !policy.tellsWebhooks) return suppresses;
    const { id, sender: from, ...names } = message;
    const whom = { message: id, from, ...names, recipient: recipient.id, to: recipient.address };
    const outcome = { attempts: recipient.attempts, reply, host, nextAttemptMs: null, suppresses };
    const status = fields?.smtpStatus ?? fields?.status ?? '';
    const notice = { action: said.action, trust };
    await outbox.addIn(tx, [{ kind: 'notice', ...whom, ...outcome, status, notice }], nowMs);
    return suppresses;
  }
}

/** Reports whether a notice is to be believed so far that nothing is sent to the recipient any more. */
async function mayEnd(reader: Reader, { id }: TriedRecipient, { trust, remoteIp }: Recording): Promise<boolean> {
  if (trust === 'fromId') return true;
  const attempt = await reader.get(
    sql`SELECT 1 AS one FROM queue_attempt WHERE recipient = ${id} AND outcome = 'delivered' AND ip = ${remoteIp} LIMIT 1`,
  );
  return attempt !== undefined;
}
