import { MethodError, type JsonObject } from '#lib/jmap';
import type { EmailView } from '#mail/emails';
import type { Mailbox, SpecialUse } from '#mail/mailboxes';
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
import { mailUri } from './mail-uri.ts';

/** A mailbox with what stands beside its row. */
interface Entry {
  readonly mailbox: Mailbox;
  readonly isSubscribed: boolean;
}

/** RFC 8621 §2: roles are the special uses in lower case. */
const roles: Readonly<Record<SpecialUse, string>> = {
  '\\Archive': 'archive',
  '\\Drafts': 'drafts',
  '\\Junk': 'junk',
  '\\Sent': 'sent',
  '\\Trash': 'trash',
};

/** Order in which clients show mailboxes with a role; others follow. */
const roleOrder = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'];

const countNames = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads'] as const;
const propertyNames = ['id', 'name', 'parentId', 'role', 'sortOrder', ...countNames, 'myRights', 'isSubscribed'];

/** Mailbox/get (RFC 8621 §2.1). */
export const mailboxGet: JmapMethod<MailContext> = {
  name: 'Mailbox/get',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const wanted = idsOf(args, context);
    const properties = propertiesOf(args, (name) => propertyNames.includes(name), propertyNames);
    args.end();
    // The state is the older one: what changes meanwhile is reported again.
    const view = await account.emails.view();
    const entries = await entriesOf(context);
    const byId = new Map(entries.map((entry) => [mailboxIds.write(entry.mailbox.id), entry]));
    const ids = wanted ?? [...byId.keys()];
    const found = ids.flatMap((id) => byId.get(id) ?? []);
    const list = found.map((entry) => picked(objectOf(entry, entries, view), properties));
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
    const log = await account.changes.since(since, Number.MAX_SAFE_INTEGER);
    const touched = new Set<number>();
    // A thread that is read in one mailbox is read in all of its mailboxes.
    for (const id of [...emails.created, ...emails.updated]) {
      for (const { places } of view.thread(view.email(id)?.thread ?? 0))
        for (const { mailbox } of places) touched.add(mailbox);
    }
    const created: string[] = [];
    const updated: string[] = [];
    let isCountsOnly = true;
    for (const { mailbox } of await entriesOf(context)) {
      const id = mailboxIds.write(mailbox.id);
      const isOwn = mailbox.modSeq > since;
      if (mailbox.createModSeq > since) created.push(id);
      // The thread of an email that is gone may be anywhere.
      else if (isOwn || mailbox.highestModSeq > since || touched.has(mailbox.id) || emails.destroyed.length > 0) {
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

async function entriesOf({ account }: MailContext): Promise<Entry[]> {
  const listings = await account.mailboxes.list();
  return listings.flatMap(({ mailbox, subscribed }) =>
    mailbox === null ? [] : [{ mailbox, isSubscribed: subscribed }],
  );
}

function objectOf({ mailbox, isSubscribed }: Entry, entries: readonly Entry[], view: EmailView): JsonObject {
  const { id, name, specialUse } = mailbox;
  const slash = name.lastIndexOf('/');
  const parent = entries.find((entry) => slash > 0 && entry.mailbox.name === name.slice(0, slash));
  const [use] = specialUse;
  const isInbox = name === 'INBOX';
  const role = isInbox ? 'inbox' : use === undefined ? null : roles[use];
  const rank = role === null ? -1 : roleOrder.indexOf(role);
  const { totalEmails, unreadEmails, totalThreads, unreadThreads } = view.counts(id);
  return {
    id: mailboxIds.write(id),
    name: isInbox ? 'Inbox' : name.slice(slash + 1),
    parentId: parent === undefined ? null : mailboxIds.write(parent.mailbox.id),
    role,
    sortOrder: rank < 0 ? 100 : (rank + 1) * 10,
    totalEmails,
    unreadEmails,
    totalThreads,
    unreadThreads,
    // No more than there are methods for (RFC 8621 §2).
    myRights: {
      mayReadItems: true,
      mayAddItems: true,
      mayRemoveItems: true,
      maySetSeen: true,
      maySetKeywords: true,
      mayCreateChild: false,
      mayRename: false,
      mayDelete: false,
      maySubmit: false,
    },
    isSubscribed,
  };
}
