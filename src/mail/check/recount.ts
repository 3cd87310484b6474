import type { AccountId, MailboxId } from '#lib/ids';
import { sql, type Reader } from '#ports/database';
import { countMailbox } from './check-flags.ts';

/** Stated counters of a live mailbox beside what a recount gives. */
export interface MailboxRecount {
  readonly id: MailboxId;
  readonly name: string;
  readonly stated: MailboxCounts;
  readonly counted: MailboxCounts;
  readonly uidNext: number;
  readonly maxUid: number;
  readonly highestModSeq: number;
  readonly maxModSeq: number;
  /** Sentences about flag blocks. */
  readonly problems: readonly string[];
  /** Sentence about flag blocks that cannot be read; then `counted` says nothing about flags. */
  readonly damage: string | null;
}

/** Counters of a mailbox. */
export interface MailboxCounts {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
  readonly deletedSizeBytes: number;
}

interface StatedRow extends MailboxCounts {
  readonly id: MailboxId;
  readonly name: string;
  readonly uidNext: number;
  readonly highestModSeq: number;
}

/** Live mailboxes, in the order of their ids. */
export async function mailboxIds(reader: Reader, account: AccountId): Promise<MailboxId[]> {
  const rows = await reader.all<{ id: MailboxId }>(
    sql`SELECT id FROM mailbox WHERE account = ${account} AND expunged = 0 ORDER BY id`,
  );
  return rows.map(({ id }) => id);
}

/** A live mailbox with a recount of its messages, about 50 ms for 100,000; null when it is gone. */
export async function recountMailbox(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
): Promise<MailboxRecount | null> {
  const stated = await reader.get<StatedRow>(
    sql`SELECT id, name, uidnext AS "uidNext", message_modseq AS "highestModSeq", total AS messages, unseen, deleted,
      size_bytes AS "sizeBytes", deleted_size_bytes AS "deletedSizeBytes" FROM mailbox
      WHERE account = ${account} AND id = ${mailbox} AND expunged = 0`,
  );
  if (stated === undefined) return null;
  const { maxUid, maxModSeq, problems, damage, ...counted } = await countMailbox(reader, account, mailbox);
  const { id, name, uidNext, highestModSeq, ...counts } = stated;
  return { id, name, stated: counts, counted, uidNext, maxUid, highestModSeq, maxModSeq, problems, damage };
}
