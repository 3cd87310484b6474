import { MethodError, invalidArgument } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { emailIds } from './ids.ts';
import { accountOf, readState, writeState, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

/** Rows of the log that one call reads unless the client wants fewer. */
const usualChanges = 5000;

/** Email/changes (RFC 8621 §4.3). */
export const emailChanges: JmapMethod<MailContext> = {
  name: 'Email/changes',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const sinceText = args.text('sinceState');
    const most = args.unsigned('maxChanges', usualChanges);
    args.end();
    if (most === 0) throw invalidArgument('maxChanges', 'a number over 0 is expected');
    const since = readState(sinceText, await account.changes.modSeq());
    // The log is read by places that changed and places that went; an email may have both.
    const changes = await account.emails.changesSince(since, Math.max(1, Math.floor(Math.min(most, usualChanges) / 2)));
    const [created, updated, destroyed] = [changes.created, changes.updated, changes.destroyed].map((ids) =>
      ids.map((id) => emailIds.write(id)),
    );
    if (changes.created.length + changes.updated.length + changes.destroyed.length > most)
      throw new MethodError('cannotCalculateChanges', 'one transaction changed more emails than maxChanges allows');
    return {
      accountId: context.accountId,
      oldState: sinceText,
      newState: writeState(changes.upTo),
      hasMoreChanges: changes.isPartial,
      created: created ?? [],
      updated: updated ?? [],
      destroyed: destroyed ?? [],
    };
  },
};
