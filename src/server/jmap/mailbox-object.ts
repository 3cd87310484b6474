import type { JsonObject } from '#lib/jmap';
import type { EmailView } from '#mail/emails';
import type { Mailbox, SpecialUse } from '#mail/mailboxes';
import { mailboxIds } from './ids.ts';

/** A mailbox with what stands beside its row. */
export interface MailboxEntry {
  readonly mailbox: Mailbox;
  readonly parent: Mailbox | null;
  readonly isSubscribed: boolean;
}

/** Roles and the special uses that they are: those in lower case (RFC 8621 §2). */
const roles: ReadonlyMap<string, SpecialUse> = new Map([
  ['drafts', '\\Drafts'],
  ['sent', '\\Sent'],
  ['archive', '\\Archive'],
  ['junk', '\\Junk'],
  ['trash', '\\Trash'],
]);

/** Order in which clients show mailboxes with a role; others follow. */
const roleOrder = ['inbox', ...roles.keys()];

/** Properties that count. */
export const countNames = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads'] as const;
/** All properties of mailboxes. */
export const mailboxProperties: readonly string[] = [
  'id',
  'name',
  'parentId',
  'role',
  'sortOrder',
  ...countNames,
  'myRights',
  'isSubscribed',
];

/** Returns the special use that a role is; null for roles that mailboxes cannot be given. */
export function specialUseOf(role: string): SpecialUse | null {
  return roles.get(role) ?? null;
}

/** Returns the role of a mailbox; null when it has none. */
export function roleOf({ name, specialUse }: Mailbox): string | null {
  if (name === 'INBOX') return 'inbox';
  return [...roles].find(([, use]) => use === specialUse[0])?.[0] ?? null;
}

/** Returns the name of a mailbox without those above it. */
export function lastLevelOf({ name }: Mailbox): string {
  return name === 'INBOX' ? 'Inbox' : name.slice(name.lastIndexOf('/') + 1);
}

/** Returns the name of the mailbox above one; null at the top. */
export function parentNameOf({ name }: Mailbox): string | null {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? null : name.slice(0, slash);
}

/** Returns a number by which mailboxes are sorted. */
export function sortOrderOf(mailbox: Mailbox): number {
  const rank = roleOrder.indexOf(roleOf(mailbox) ?? '');
  return rank < 0 ? 100 : (rank + 1) * 10;
}

/** Returns a Mailbox object with all of its properties, as a login sees it (RFC 8621 §2). */
export function mailboxObject(
  { mailbox, parent, isSubscribed }: MailboxEntry,
  view: EmailView,
  isReadOnly: boolean,
): JsonObject {
  const { totalEmails, unreadEmails, totalThreads, unreadThreads } = view.counts(mailbox.id);
  const mayChange = !isReadOnly;
  const isInbox = mailbox.name === 'INBOX';
  return {
    id: mailboxIds.write(mailbox.id),
    name: lastLevelOf(mailbox),
    parentId: parent === null ? null : mailboxIds.write(parent.id),
    role: roleOf(mailbox),
    sortOrder: sortOrderOf(mailbox),
    totalEmails,
    unreadEmails,
    totalThreads,
    unreadThreads,
    myRights: {
      mayReadItems: true,
      mayAddItems: mayChange,
      mayRemoveItems: mayChange,
      maySetSeen: mayChange,
      maySetKeywords: mayChange,
      mayCreateChild: mayChange,
      // RFC 9051 §5.1: there is always an INBOX.
      mayRename: mayChange && !isInbox,
      mayDelete: mayChange && !isInbox,
      // No method sends mail yet.
      maySubmit: false,
    },
    isSubscribed,
  };
}
