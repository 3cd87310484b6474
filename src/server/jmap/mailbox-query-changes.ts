import type { JmapMethod } from '#proto/jmap-server';
import { mailboxIds } from './ids.ts';
import { accountOf, readState, type MailContext } from './mail-context.ts';
import { mailboxEntries } from './mailbox-entries.ts';
import { mailboxSearchOf } from './mailbox-query.ts';
import { mailUri } from './mail-uri.ts';
import { queryChangesCallOf, queryChangesResponse } from './query-changes-call.ts';

/**
 * Mailbox/queryChanges (RFC 8621 §2.4). There are few mailboxes: when one has changed, or come or gone, all results are removed and put in again, since one
 * mailbox may move those below it.
 */
export const mailboxQueryChanges: JmapMethod<MailContext> = {
  name: 'Mailbox/queryChanges',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const search = mailboxSearchOf(args, context);
    const call = queryChangesCallOf(args);
    args.end();
    const state = await account.changes.modSeq();
    const since = readState(call.sinceQueryState, state);
    const entries = await mailboxEntries(account);
    const results = search(entries).map(({ mailbox }) => mailboxIds.write(mailbox.id));
    // Read last: it has everything that the results show.
    const changed = await account.changes.mailboxesSince(since);
    const isChanged = changed.length > 0;
    // Those that are newer than the state may have been among the results all the same.
    const known = [...entries.map(({ mailbox }) => mailbox), ...changed];
    return queryChangesResponse(context, call, {
      state,
      results,
      touched: new Set(isChanged ? known.map(({ id }) => mailboxIds.write(id)) : []),
      isImmutable: false,
    });
  },
};
