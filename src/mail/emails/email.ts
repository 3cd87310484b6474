import { SystemFlag } from '#lib/flags';
import type { ContentId, MailboxId } from '#lib/ids';

/** A place of an email in a mailbox. */
export interface EmailPlace {
  readonly mailbox: MailboxId;
  readonly uid: number;
  /** `SystemFlag` bits. */
  readonly flags: number;
  /** Separated by spaces, as they are spelled. */
  readonly keywords: string;
  /** MODSEQ with which the place came. */
  readonly createModSeq: number;
}

/** A stored message with the places that it has. */
export interface Email {
  readonly id: ContentId;
  readonly thread: number;
  readonly receivedMs: number;
  readonly sizeBytes: number;
  /** Places without \Deleted, at least one in what a view shows. */
  readonly places: readonly EmailPlace[];
  /** Places with \Deleted. */
  readonly deletedPlaces: readonly EmailPlace[];
}

/** Keywords that IMAP has as system flags (RFC 8621 §4.1.1). */
export const systemKeywords: readonly (readonly [number, string])[] = [
  [SystemFlag.Draft, '$draft'],
  [SystemFlag.Seen, '$seen'],
  [SystemFlag.Flagged, '$flagged'],
  [SystemFlag.Answered, '$answered'],
];

/**
 * Returns the keywords of an email as JMAP names them, in lower case (RFC 8621 §4.1.1). Its places may differ, because IMAP clients flag
 * each by itself: an email has what any place has, but `$seen` only when all have it, so that nothing unread is hidden.
 */
export function keywordsOf({ places }: Email): ReadonlySet<string> {
  let any = 0;
  let all = ~0;
  const keywords = new Set<string>();
  for (const { flags, keywords: more } of places) {
    any |= flags;
    all &= flags;
    if (more !== '') for (const keyword of more.split(' ')) keywords.add(keyword.toLowerCase());
  }
  const bits = (any & ~SystemFlag.Seen) | (all & SystemFlag.Seen);
  for (const [bit, keyword] of systemKeywords) if ((bits & bit) !== 0) keywords.add(keyword);
  return keywords;
}

/** Reports whether an email counts as unread: neither `$seen` nor `$draft` (RFC 8621 §2). */
export function isUnread({ places }: Email): boolean {
  return (
    places.some(({ flags }) => (flags & SystemFlag.Seen) === 0) &&
    !places.some(({ flags }) => (flags & SystemFlag.Draft) !== 0)
  );
}
