import { MailboxRefusal } from '#mail/mailboxes';
import { No } from '#proto/imap-server';

/** Does `work`, turning the store's refusals into IMAP's. `missing` is the code for a mailbox that does not exist. */
export async function saying<T>(
  work: () => Promise<T>,
  missing: 'NONEXISTENT' | 'TRYCREATE' = 'NONEXISTENT',
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MailboxRefusal)
      throw new No(error.code === 'NONEXISTENT' ? missing : error.code, error.message);
    throw error;
  }
}
