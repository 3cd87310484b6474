import type { Account } from '#mail/accounts';
import { parentNameOf, type MailboxEntry } from './mailbox-object.ts';

/** Returns all mailboxes of an account: the inbox first, then by name. */
export async function mailboxEntries(account: Account): Promise<MailboxEntry[]> {
  const listings = await account.mailboxes.list();
  const byName = new Map(listings.map(({ name, mailbox }) => [name, mailbox]));
  return listings.flatMap(({ mailbox, subscribed }) =>
    mailbox === null
      ? []
      : [{ mailbox, parent: byName.get(parentNameOf(mailbox) ?? '') ?? null, isSubscribed: subscribed }],
  );
}
