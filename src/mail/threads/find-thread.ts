import type { AccountId } from '#lib/ids';
import { inList } from '#mail/schema';
import { sql, type Reader } from '#ports/database';

/** Bounds of the search. */
export const threadLimits = {
  /** Message-IDs looked up: the message's own, and the last of those that it names. */
  maxIds: 16,
  /** How much older a message of the same subject may be. */
  maxAgeMs: 28 * 24 * 60 * 60_000,
} as const;

/** What a message says about its conversation. */
export interface ThreadClues {
  /** Without angle brackets. */
  readonly messageId: string | null;
  /** Of References and In-Reply-To, oldest first, without angle brackets. */
  readonly references: readonly string[];
  /** RFC 5256 §2.1; null when there is no subject. */
  readonly baseSubject: string | null;
  /** The subject says that it is a reply or forward (RFC 5256 §2.1), or it is a delivery report, whose subject says nothing. */
  readonly isReply: boolean;
  readonly isReport: boolean;
  readonly receivedMs: number;
}

interface Candidate {
  readonly thread: number;
  readonly messageId: string;
  readonly baseSubject: string | null;
}

/** The thread that a new message joins, null when it begins one. Two indexed lookups at most. */
export async function findThread(reader: Reader, account: AccountId, clues: ThreadClues): Promise<number | null> {
  const { messageId, references, baseSubject, isReply, isReport, receivedMs } = clues;
  const wanted = references.slice(1 - threadLimits.maxIds);
  if (messageId !== null) wanted.push(messageId);
  if (wanted.length > 0) {
    const candidates = await reader.all<Candidate>(
      sql`SELECT thread, message_id AS "messageId", base_subject AS "baseSubject" FROM email
        WHERE account = ${account} AND message_id IN ${inList(wanted)} LIMIT 64`,
    );
    const thread = nearest(candidates, wanted, isReport ? undefined : baseSubject);
    if (thread !== null) return thread;
  }
  if (!isReply || isReport || baseSubject === null) return null;
  const sinceMs = receivedMs - threadLimits.maxAgeMs;
  const row = await reader.get<{ thread: number }>(
    sql`SELECT thread FROM email WHERE account = ${account} AND base_subject = ${baseSubject} AND received_ms >= ${sinceMs}
      ORDER BY id DESC LIMIT 1`,
  );
  return row?.thread ?? null;
}

/** The candidate that stands last in `wanted`; `subject` undefined accepts any. */
function nearest(
  candidates: readonly Candidate[],
  wanted: readonly string[],
  subject: string | null | undefined,
): number | null {
  let thread: number | null = null;
  let best = -1;
  for (const candidate of candidates) {
    if (subject !== undefined && candidate.baseSubject !== subject) continue;
    const at = wanted.lastIndexOf(candidate.messageId);
    if (at <= best) continue;
    best = at;
    thread = candidate.thread;
  }
  return thread;
}
