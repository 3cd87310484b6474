import type { AccountId, ContentId, MailboxId } from '#lib/ids';
import { inList } from '#mail/schema';
import { sql, type Reader } from '#ports/database';

/** Bounds of the search. */
const threadLimits = {
  /** Message-IDs looked up: the message's own, and the last of those that it names. */
  maxIds: 16,
  /** UIDs before the new message among which one of the same subject is sought. */
  maxUidsBack: 500,
  /** Greatest age difference in ms to a message of the same subject. */
  maxAgeMs: 28 * 24 * 60 * 60_000,
} as const;

/** Clues in a message about its conversation. */
export interface ThreadClues {
  /** Without angle brackets. */
  readonly messageId: string | null;
  /** Of References and In-Reply-To, oldest first, without angle brackets. */
  readonly references: readonly string[];
  /** Base subject (RFC 5256 §2.1); null when there is no subject. */
  readonly baseSubject: string | null;
  /** True for replies and forwards by their subject (RFC 5256 §2.1), and for delivery reports, whose subject says nothing. */
  readonly isReply: boolean;
  readonly isReport: boolean;
}

/** A message that is about to be stored. */
export interface Newcomer {
  readonly clues: ThreadClues;
  readonly receivedMs: number;
  readonly mailbox: MailboxId;
  /** UID that the message will get: older messages have smaller ones. */
  readonly uidNext: number;
}

interface Candidate {
  readonly thread: number;
  readonly messageId: string;
  readonly baseSubject: string | null;
}

/** Returns the thread that a new message joins; null when it starts one. One indexed lookup; a reply to an unknown message reads some UIDs more. */
export async function findThread(reader: Reader, account: AccountId, newcomer: Newcomer): Promise<number | null> {
  const { messageId, references, baseSubject, isReply, isReport } = newcomer.clues;
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
  return await threadOfSubject(reader, account, newcomer, baseSubject);
}

/** Falls back to the newest message of the same base subject in the same mailbox within four weeks; null when there is none. */
async function threadOfSubject(
  reader: Reader,
  account: AccountId,
  { mailbox, uidNext, receivedMs }: Newcomer,
  baseSubject: string,
): Promise<number | null> {
  const found = await reader.get<{ email: ContentId }>(
    sql`SELECT email FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${uidNext - threadLimits.maxUidsBack}
      AND subject_key = ${subjectKey(baseSubject)} AND received_ms >= ${receivedMs - threadLimits.maxAgeMs} ORDER BY uid DESC LIMIT 1`,
  );
  if (found === undefined) return null;
  const row = await reader.get<{ thread: number; baseSubject: string | null }>(
    sql`SELECT thread, base_subject AS "baseSubject" FROM email WHERE account = ${account} AND id = ${found.email}`,
  );
  return row?.baseSubject === baseSubject ? row.thread : null;
}

/** Returns a 48-bit hash of a base subject, for narrow rows; 0 for none. It is stored, so it never changes. After a match, compare the texts. */
export function subjectKey(baseSubject: string | null): number {
  if (baseSubject === null) return 0;
  let low = 0x811c_9dc5;
  let high = 0x1b87_3593;
  for (let i = 0; i < baseSubject.length; i += 1) {
    const unit = baseSubject.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x0100_0193);
    high = Math.imul(high ^ unit, 0x85eb_ca6b);
  }
  return (high >>> 16) * 0x1_0000_0000 + (low >>> 0);
}

/** Returns the candidate that comes last in `wanted`; `subject` undefined accepts any. */
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
