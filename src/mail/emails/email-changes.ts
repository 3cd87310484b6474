import type { AccountId, ContentId, ModSeq } from '#lib/ids';
import { readChanges } from '#mail/changes';
import { allPages, pageRows } from '#mail/schema';
import { sql, type Reader } from '#ports/database';
import type { EmailView } from './email-view.ts';
import type { EmailPlace } from './email.ts';

/** Objects that changed after one MODSEQ, up to and including another. */
export interface ObjectChanges<Id = number> {
  readonly upTo: ModSeq;
  /** More changes follow `upTo`. */
  readonly isPartial: boolean;
  readonly created: readonly Id[];
  readonly updated: readonly Id[];
  readonly destroyed: readonly Id[];
}

/** Emails that changed after one MODSEQ, up to and including another. */
export type EmailChanges = ObjectChanges<ContentId>;

/** Emails that changed after a MODSEQ, up to the present, with their threads. */
export interface QueryChanges extends Pick<EmailChanges, 'created' | 'updated' | 'destroyed'> {
  readonly threads: ReadonlySet<number>;
  /** Those among `updated` that may have been hidden at the MODSEQ. */
  readonly reappeared: ReadonlySet<number>;
}

/** Emails that were touched, and those among them that existed before. */
export interface Touched {
  readonly upTo: ModSeq;
  readonly isPartial: boolean;
  readonly emails: readonly ContentId[];
  /** Emails that lost a place which was there before. */
  readonly hadPlace: ReadonlySet<number>;
}

/**
 * Reads which emails were touched after a MODSEQ, about `limit` of them.
 * @param known  MODSEQ of which the client knows everything: before `since` on all pages but the first.
 */
export async function touchedSince(
  reader: Reader,
  account: AccountId,
  since: ModSeq,
  limit: number,
  known: ModSeq = since,
): Promise<Touched> {
  const { upTo, isPartial, messages, removed } = await readChanges(reader, account, since, limit);
  const emails = [...new Set([...removed, ...messages].map(({ email }) => email))];
  // Also those after `upTo`: a place that goes later was there before.
  const tombstones = await allPages(
    reader,
    (behind) => sql`SELECT email, create_modseq, modseq, message FROM tombstone WHERE account = ${account}
      AND (modseq, message) > (${behind?.[2] ?? known}, ${behind?.[3] ?? Number.MAX_SAFE_INTEGER}) ORDER BY modseq, message LIMIT ${pageRows}`,
  );
  const had = tombstones.filter(([, createModSeq]) => Number(createModSeq) <= known);
  return { upTo, isPartial, emails, hadPlace: new Set(had.map(([email]) => Number(email))) };
}

/**
 * Sorts touched emails into those that are new, changed and gone, as a view that is not older shows them. What came since `known` is new, also on a later
 * page: the page to which its coming belongs left it out when it had changed again.
 */
export function changesOf(
  { upTo, isPartial, emails, hadPlace }: Touched,
  known: ModSeq,
  view: EmailView,
): EmailChanges {
  const created: ContentId[] = [];
  const updated: ContentId[] = [];
  const destroyed: ContentId[] = [];
  for (const id of emails) {
    const email = view.email(id);
    const wasThere = hadPlace.has(id) || hasPlaceOf([...(email?.places ?? []), ...view.hiddenPlaces(id)], known);
    if (email !== null) (wasThere ? updated : created).push(id);
    // One that came and went since is reported as well, as RFC 8620 §5.2 permits: a view shows emails that are newer than its MODSEQ.
    else destroyed.push(id);
  }
  return { upTo, isPartial, created, updated, destroyed };
}

/**
 * Sorts the threads of changed emails. A thread changes with the emails that it has, not with their keywords (RFC 8621 §3).
 * @param hadPlace  As in `Touched`.
 * @param threads  Threads of the emails that were destroyed.
 * @returns null when the thread of an email that is gone is not among them.
 */
export function threadChangesOf(
  { upTo, isPartial, ...changes }: EmailChanges,
  hadPlace: ReadonlySet<number>,
  since: ModSeq,
  view: EmailView,
  threads: ReadonlyMap<number, number>,
): ObjectChanges | null {
  const touched = new Set<number>();
  const had = new Set<number>();
  for (const id of changes.destroyed) {
    const thread = threads.get(id);
    if (thread === undefined) return null;
    touched.add(thread);
    // One that came and went since makes no thread of before.
    if (hadPlace.has(id) || hasPlaceOf(view.hiddenPlaces(id), since)) had.add(thread);
  }
  const come = [...changes.created, ...changes.updated.filter((id) => view.mayHaveReappeared(id, since))];
  for (const id of come) touched.add(view.email(id)?.thread ?? 0);
  const created: number[] = [];
  const updated: number[] = [];
  const destroyed: number[] = [];
  for (const thread of touched) {
    const emails = view.thread(thread);
    const wasThere =
      had.has(thread) ||
      emails.some((email) => hadPlace.has(email.id) || hasPlaceOf([...email.places, ...email.deletedPlaces], since));
    if (emails.length > 0) (wasThere ? updated : created).push(thread);
    else destroyed.push(thread);
  }
  return { upTo, isPartial, created, updated, destroyed };
}

/** Reports whether one of some places was there at a MODSEQ. */
function hasPlaceOf(places: readonly EmailPlace[], since: ModSeq): boolean {
  return places.some(({ createModSeq }) => createModSeq <= since);
}
