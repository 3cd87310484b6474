import type { Account } from '#mail/accounts';
import { advance } from '#mail/changes';
import { rebuildBlocks, type RebuiltBlock } from '#mail/flag-blocks';
import { moveCounters } from '#mail/mailboxes';
import { sql } from '#ports/database';
import { mailboxIds } from './recount.ts';

/** Flags of a mailbox that were made anew. */
export interface RepairedFlags extends RebuiltBlock {
  readonly mailbox: string;
}

/** Makes flag blocks anew that cannot be read or do not fit their messages (`rebuildBlocks`), so that their mailboxes open again. Counters are `fixAccount`'s. */
export async function repairFlags({ db, id: account }: Account): Promise<RepairedFlags[]> {
  const repaired: RepairedFlags[] = [];
  for (const mailbox of await db.read((reader) => mailboxIds(reader, account))) {
    const blocks = await db.write(async (tx) => {
      const row = await tx.get<{ name: string }>(
        sql`SELECT name FROM mailbox WHERE account = ${account} AND id = ${mailbox} AND expunged = 0`,
      );
      if (row === undefined) return [];
      let taken: ReturnType<typeof advance> | null = null;
      const takeModSeq = async () => (await (taken ??= advance(tx, account))).modSeq;
      const rebuilt = await rebuildBlocks(tx, { account, mailbox, takeModSeq });
      // Clients find what has changed by the MODSEQ of the mailbox.
      if (rebuilt.length > 0) await moveCounters(tx, account, mailbox, await takeModSeq(), nothing);
      return rebuilt.map((one) => ({ ...one, mailbox: row.name }));
    });
    repaired.push(...blocks);
  }
  return repaired;
}

const nothing = { messages: 0, unseen: 0, deleted: 0, sizeBytes: 0, deletedSizeBytes: 0 };
