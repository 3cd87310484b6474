import type { AccountId, ModSeq } from '#lib/ids';
import { currentModSeq, readChanges } from '#mail/changes';
import type { Reader } from '#ports/database';

/** Reports that others changed what an edit was made for: it is to be made anew. */
export class EmailsChanged extends Error {
  override readonly name = 'EmailsChanged';

  constructor() {
    super('the emails have changed meanwhile');
  }
}

/**
 * Sees to it that nothing happened to some emails, nor to any mailbox, after a MODSEQ.
 * @param emails  Their ids; null for anything in the account.
 * @throws EmailsChanged.
 */
export async function refuseChanged(
  reader: Reader,
  account: AccountId,
  since: ModSeq,
  emails: ReadonlySet<number> | null,
): Promise<void> {
  if ((await currentModSeq(reader, account)) === since) return;
  if (emails === null) throw new EmailsChanged();
  const { messages, removed, mailboxes } = await readChanges(reader, account, since, Number.MAX_SAFE_INTEGER);
  if (mailboxes.length > 0 || [...messages, ...removed].some(({ email }) => emails.has(email)))
    throw new EmailsChanged();
}
