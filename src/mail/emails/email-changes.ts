import type { AccountId, ContentId, ModSeq } from '#lib/ids';
import { readChanges } from '#mail/changes';
import { allPages, pageRows } from '#mail/schema';
import { sql, type Reader } from '#ports/database';
import type { EmailView } from './email-view.ts';

/** Emails that changed after one MODSEQ, up to and including another. */
export interface EmailChanges {
  readonly upTo: ModSeq;
  /** More changes follow `upTo`. */
  readonly isPartial: boolean;
  readonly created: readonly ContentId[];
  readonly updated: readonly ContentId[];
  readonly destroyed: readonly ContentId[];
}

/** Emails that were touched, and those among them that existed before. */
export interface Touched {
  readonly upTo: ModSeq;
  readonly isPartial: boolean;
  readonly emails: readonly ContentId[];
  /** Emails that lost a place which was there before. */
  readonly hadPlace: ReadonlySet<number>;
}

/** Reads which emails were touched after a MODSEQ, about `limit` of them. */
export async function touchedSince(reader: Reader, account: AccountId, since: ModSeq, limit: number): Promise<Touched> {
  const { upTo, isPartial, messages, removed } = await readChanges(reader, account, since, limit);
  const emails = [...new Set([...removed, ...messages].map(({ email }) => email))];
  // Also those after `upTo`: a place that goes later was there before.
  const tombstones = await allPages(
    reader,
    (behind) => sql`SELECT email, create_modseq, modseq, message FROM tombstone WHERE account = ${account}
      AND (modseq, message) > (${behind?.[2] ?? since}, ${behind?.[3] ?? Number.MAX_SAFE_INTEGER}) ORDER BY modseq, message LIMIT ${pageRows}`,
  );
  const had = tombstones.filter(([, createModSeq]) => Number(createModSeq) <= since);
  return { upTo, isPartial, emails, hadPlace: new Set(had.map(([email]) => Number(email))) };
}

/** Sorts touched emails into those that are new, changed and gone, as a view that is not older shows them. */
export function changesOf(
  { upTo, isPartial, emails, hadPlace }: Touched,
  since: ModSeq,
  view: EmailView,
): EmailChanges {
  const created: ContentId[] = [];
  const updated: ContentId[] = [];
  const destroyed: ContentId[] = [];
  for (const id of emails) {
    const email = view.email(id);
    const wasThere =
      hadPlace.has(id) ||
      [...(email?.places ?? []), ...view.hiddenPlaces(id)].some(({ createModSeq }) => createModSeq <= since);
    if (email !== null) (wasThere ? updated : created).push(id);
    else if (wasThere) destroyed.push(id);
  }
  return { upTo, isPartial, created, updated, destroyed };
}
