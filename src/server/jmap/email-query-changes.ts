import { MethodError } from '#lib/jmap';
import { conditionsOf } from '#lib/search';
import type { JmapMethod } from '#proto/jmap-server';
import { emailSearchOf, isFromLog, searchEmails, type EmailSearch } from './email-query.ts';
import { emailIds } from './ids.ts';
import { accountOf, readState, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';
import { queryChangesCallOf, queryChangesResponse } from './query-changes-call.ts';

/** Conditions and sorts that depend on nothing that may change. */
const immutable: ReadonlySet<string> = new Set([
  'before',
  'after',
  'minSize',
  'maxSize',
  'receivedAt',
  'size',
  'from',
  'to',
  'subject',
  'sentAt',
]);

/**
 * Email/queryChanges (RFC 8621 §4.5). Results are found anew, and then the log says which emails have changed: those are removed, and put in where they are
 * now. All others were among the results before, too, in the same order. The log is read last, so that it has everything that the results show; what it has beyond
 * them is reported once more by the next call.
 */
export const emailQueryChanges: JmapMethod<MailContext> = {
  name: 'Email/queryChanges',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const search = emailSearchOf(args, context);
    const call = queryChangesCallOf(args);
    args.end();
    if (!isFromLog(search)) throw cannotCalculate('messages have to be read for this filter');
    const view = await account.emails.view();
    const since = readState(call.sinceQueryState, view.modSeq);
    const { results, candidates } = await searchEmails(account, view, search);
    const changes = await account.emails.queryChangesSince(since);
    if (changes === null) throw cannotCalculate('the log does not say what became of all emails');
    const { isMutable, isOfThreads } = dependenciesOf(search);
    // New emails may have been among the results: a view shows emails that are newer than its MODSEQ.
    const all = [...changes.destroyed, ...(isMutable ? changes.updated : changes.reappeared), ...changes.created];
    const touched = new Set<number>(all);
    if (isOfThreads) {
      // A change of one email may be a change of the others of its thread.
      for (const { id, thread } of candidates) {
        if (changes.threads.has(thread)) touched.add(id);
      }
    }
    return queryChangesResponse(context, call, {
      state: view.modSeq,
      results: results.map(({ id }) => emailIds.write(id)),
      touched: new Set([...touched].map((id) => emailIds.write(id))),
      isImmutable: !isMutable,
    });
  },
};

/** Tells on what the results of a search depend. */
function dependenciesOf({ filter, sort, isCollapsed }: EmailSearch): {
  readonly isMutable: boolean;
  /** On other emails of a thread. */
  readonly isOfThreads: boolean;
} {
  const conditions = filter === null ? [] : [...conditionsOf(filter)];
  const names = [...conditions.flatMap((condition) => condition.names), ...(sort?.properties ?? [])];
  return {
    isMutable: isCollapsed || names.some((name) => !immutable.has(name)),
    isOfThreads: isCollapsed || names.some((name) => name.includes('InThread')),
  };
}

function cannotCalculate(why: string): MethodError {
  return new MethodError('cannotCalculateChanges', `${why}: query again`);
}
