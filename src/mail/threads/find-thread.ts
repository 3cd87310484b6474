import type { AccountId, ContentId, MailboxId } from '#lib/ids';
import { inList } from '#mail/schema';
import { sql, type Reader } from '#ports/database';

/** Bounds of the search. */
const threadLimits = {
  /** Message-IDs looked up: the message's own, and the last of those that it names. */
  maxIds: 16,
  /** Number of UIDs back in which a message of the same subject is looked for. */
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
  /** RFC 5256 §2.1; null when there is no subject. */
  readonly baseSubject: string | null;
  /** The subject says that it is a reply or forward (RFC 5256 §2.1), or it is a delivery report, whose subject says nothing. */
  readonly isReply: boolean;
  readonly isReport: boolean;
}

/** A message that is about to be stored. */
export interface Newcomer {
  readonly clues: ThreadClues;
  readonly receivedMs: number;
  readonly mailbox: MailboxId;
  /** Its UID: older messages have smaller ones. */
  readonly uidNext: number;
}

interface Candidate {
  readonly thread: number;
  readonly messageId: string;
  readonly baseSubject: string | null;
}

/** The thread that a new message joins, null when it begins one. One indexed lookup; a reply to an unknown message reads a short range of the mailbox as well. */
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

/** The last resort: the newest message of the same base subject in the same mailbox, within four weeks. */
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

/** A 48-bit hash of a base subject, for narrow rows; 0 for none. Stored in databases: it never changes. A match must compare the text. */
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
