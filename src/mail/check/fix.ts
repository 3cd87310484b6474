import type { Account } from '#mail/accounts';
import { advance } from '#mail/changes';
import type { BlobSweeper } from '#mail/content';
import { moveCounters } from '#mail/mailboxes';
import { dropDamagedBlocks } from './check-header-blocks.ts';
import { repairDescriptions } from './repair-descriptions.ts';
import { mailboxIds, recountMailbox, type MailboxCounts } from './recount.ts';

/** Sets counters to what a recount gives, makes damaged descriptions again, drops damaged blocks of header fields, and turns blobs without a row into garbage. @returns how many things were put right. */
export async function fixAccount(account: Account, sweeper: BlobSweeper): Promise<number> {
  const wrong = await account.db.write(async (tx) => {
    const mailboxes = [];
    for (const id of await mailboxIds(tx, account.id)) {
      const recount = await recountMailbox(tx, account.id, id);
      // Flags that cannot be read are counted once they are repaired.
      if (recount !== null && recount.damage === null && !isZero(difference(recount.counted, recount.stated)))
        mailboxes.push(recount);
    }
    if (mailboxes.length === 0) return 0;
    const { modSeq } = await advance(tx, account.id);
    for (const { id, stated, counted } of mailboxes) {
      await moveCounters(tx, account.id, id, modSeq, difference(counted, stated));
    }
    return mailboxes.length;
  });
  const described = await repairDescriptions(account);
  const dropped = await dropDamagedBlocks(account);
  return wrong + described + dropped + (await sweeper.collectOrphans(account.id, account.db));
}

function difference(a: MailboxCounts, b: MailboxCounts): MailboxCounts {
  return {
    messages: a.messages - b.messages,
    unseen: a.unseen - b.unseen,
    deleted: a.deleted - b.deleted,
    sizeBytes: a.sizeBytes - b.sizeBytes,
    deletedSizeBytes: a.deletedSizeBytes - b.deletedSizeBytes,
  };
}

function isZero({ messages, unseen, deleted, sizeBytes, deletedSizeBytes }: MailboxCounts): boolean {
  return [messages, unseen, deleted, sizeBytes, deletedSizeBytes].every((n) => n === 0);
}
