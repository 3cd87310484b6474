import { invalidArgument, MethodError, type Arguments, type IdSpace, type JsonObject } from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import type { Account } from '#mail/accounts';
import { accountOf, readState, writeState, type MailContext } from './mail-context.ts';

/** Rows of the log that one call reads unless the client wants fewer. */
const usualChanges = 5000;

/** Changes after a MODSEQ, up to and including `upTo`. */
interface FoundChanges {
  readonly upTo: ModSeq;
  /** More changes follow. */
  readonly isPartial: boolean;
  readonly created: readonly number[];
  readonly updated: readonly number[];
  readonly destroyed: readonly number[];
}

/** A page of changes: those after `since`, for a client that knows all objects as they were at `known`, and what earlier pages told it. */
export interface ChangesPage {
  readonly since: ModSeq;
  readonly known: ModSeq;
}

/** Reads a state, or that between two pages, which has the MODSEQ of both. @throws MethodError cannotCalculateChanges. */
function readPage(text: string, now: ModSeq): ChangesPage {
  const [sinceText = '', knownText = sinceText, ...more] = text.split('-');
  const [since, known] = [readState(sinceText, now), readState(knownText, now)];
  if (known > since || more.length > 0)
    throw new MethodError('cannotCalculateChanges', 'the account never had this state');
  return { since, known };
}

/**
 * Answers a `/changes` call (RFC 8620 §5.2) about objects that are read from the log of messages.
 * @param read  Reads about so many rows of the log; null when the changes are not known.
 * @throws MethodError.
 */
export async function answerChanges(
  args: Arguments,
  context: MailContext,
  ids: IdSpace,
  read: (account: Account, page: ChangesPage, rows: number) => Promise<FoundChanges | null>,
): Promise<JsonObject> {
  const account = accountOf(args, context);
  const sinceText = args.text('sinceState');
  const most = args.unsigned('maxChanges', usualChanges);
  args.end();
  if (most === 0) throw invalidArgument('maxChanges', 'a number over 0 is expected');
  const page = readPage(sinceText, await account.changes.modSeq());
  // The log is read by places that changed and places that went; an email may have both.
  const changes = await read(account, page, Math.max(1, Math.floor(Math.min(most, usualChanges) / 2)));
  if (changes === null) throw new MethodError('cannotCalculateChanges', 'the log does not reach back so far');
  const { created, updated, destroyed, upTo, isPartial } = changes;
  if (created.length + updated.length + destroyed.length > most)
    throw new MethodError('cannotCalculateChanges', 'one transaction changed more than maxChanges allows');
  const write = (some: readonly number[]): string[] => some.map((id) => ids.write(id));
  return {
    accountId: context.accountId,
    oldState: sinceText,
    newState: isPartial ? `${writeState(upTo)}-${writeState(page.known)}` : writeState(upTo),
    hasMoreChanges: isPartial,
    created: write(created),
    updated: write(updated),
    destroyed: write(destroyed),
  };
}
