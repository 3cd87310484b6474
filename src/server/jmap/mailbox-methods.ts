import { MethodError } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { mailboxIds } from './ids.ts';
import {
  accountOf,
  getResponse,
  idsOf,
  picked,
  propertiesOf,
  readState,
  writeState,
  type MailContext,
} from './mail-context.ts';
import { mailboxEntries } from './mailbox-entries.ts';
import { countNames, mailboxObject, mailboxProperties } from './mailbox-object.ts';
import { mailUri } from './mail-uri.ts';

/** Mailbox/get (RFC 8621 §2.1). */
export const mailboxGet: JmapMethod<MailContext> = {
  name: 'Mailbox/get',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const wanted = idsOf(args, context);
    const properties = propertiesOf(args, (name) => mailboxProperties.includes(name), mailboxProperties);
    args.end();
    // The state is the older one: what changes meanwhile is reported again.
    const view = await account.emails.view();
    const entries = await mailboxEntries(account);
    const byId = new Map(entries.map((entry) => [mailboxIds.write(entry.mailbox.id), entry]));
    const ids = wanted ?? [...byId.keys()];
    const found = ids.flatMap((id) => byId.get(id) ?? []);
    const list = found.map((entry) => picked(mailboxObject(entry, view, context.isReadOnly), properties));
    return getResponse(
      context,
      writeState(view.modSeq),
      list,
      ids.filter((id) => !byId.has(id)),
    );
  },
};

/** Mailbox/changes (RFC 8621 §2.2). */
export const mailboxChanges: JmapMethod<MailContext> = {
  name: 'Mailbox/changes',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const sinceText = args.text('sinceState');
    const most = args.unsigned('maxChanges', null);
    args.end();
    const view = await account.emails.view();
    const since = readState(sinceText, view.modSeq);
    const emails = await account.emails.changesSince(since, Number.MAX_SAFE_INTEGER);
    const threads = await account.emails.threadsOf(emails);
    const log = await account.changes.since(since, Number.MAX_SAFE_INTEGER);
    const touched = new Set<number>();
    // A thread that is read in one mailbox is read in all of its mailboxes.
    for (const thread of threads ?? []) {
      for (const { places } of view.thread(thread)) for (const { mailbox } of places) touched.add(mailbox);
    }
    const created: string[] = [];
    const updated: string[] = [];
    let isCountsOnly = true;
    for (const { mailbox } of await mailboxEntries(account)) {
      const id = mailboxIds.write(mailbox.id);
      const isOwn = mailbox.modSeq > since;
      if (mailbox.createModSeq > since) created.push(id);
      // A thread that is not known may be anywhere.
      else if (isOwn || mailbox.highestModSeq > since || touched.has(mailbox.id) || threads === null) {
        updated.push(id);
        if (isOwn) isCountsOnly = false;
      }
    }
    const destroyed = log.mailboxes.filter(({ exists }) => !exists).map(({ id }) => mailboxIds.write(id));
    if (most !== null && created.length + updated.length + destroyed.length > most)
      throw new MethodError('cannotCalculateChanges', 'more mailboxes have changed than maxChanges allows');
    return {
      accountId: context.accountId,
      oldState: sinceText,
      newState: writeState(view.modSeq),
      hasMoreChanges: false,
      created,
      updated,
      destroyed,
      updatedProperties: isCountsOnly ? [...countNames] : null,
    };
  },
};
