import type { AccountId, ContentId, MailboxId, MessageRowId, ModSeq, Uid } from '#lib/ids';
import { sql, type Database } from '#ports/database';
import { currentModSeq } from './account-state.ts';

/** What `Changes` needs. */
export interface ChangesDeps {
  readonly account: AccountId;
  readonly db: Database;
}

/** A message row that is new or has new flags. */
export interface ChangedMessage {
  readonly id: MessageRowId;
  readonly email: ContentId;
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  readonly createModSeq: ModSeq;
}

/** A place that is gone. The message itself may live on: elsewhere after a move, or as a copy. */
export interface RemovedMessage {
  readonly id: MessageRowId;
  readonly email: ContentId;
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly modSeq: ModSeq;
}

/** What changed in an account after one MODSEQ, up to and including another. */
export interface AccountChanges {
  /** Continue from here. */
  readonly upTo: ModSeq;
  /** More changes follow `upTo`. */
  readonly isPartial: boolean;
  /** Ascending by MODSEQ, then id. */
  readonly messages: readonly ChangedMessage[];
  readonly removed: readonly RemovedMessage[];
  /** Mailboxes created, renamed or removed. */
  readonly mailboxes: readonly {
    readonly id: MailboxId;
    readonly name: string;
    readonly exists: boolean;
    readonly modSeq: ModSeq;
  }[];
}

/** Reads an account's log. Everything that it tells is durable. */
export class Changes {
  readonly #deps: ChangesDeps;

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
  }

  /** MODSEQ of the last change. */
  async modSeq(): Promise<ModSeq> {
    const { account, db } = this.#deps;
    const modSeq = await db.read((reader) => currentModSeq(reader, account));
    if (modSeq === null) throw new Error(`account ${account} has no state`);
    await db.durable();
    return modSeq;
  }

  /** Changes after `modSeq`, about `limit` rows at most but always whole MODSEQs. */
  async since(modSeq: ModSeq | 0, limit = 10_000): Promise<AccountChanges> {
    const { account, db } = this.#deps;
    const changes = await db.read(async (reader): Promise<AccountChanges> => {
      const last = await currentModSeq(reader, account);
      if (last === null) throw new Error(`account ${account} has no state`);
      const cut = await reader.get<{ modseq: ModSeq }>(
        sql`SELECT modseq FROM (SELECT modseq FROM message WHERE account = ${account} AND modseq > ${modSeq}
          UNION ALL SELECT modseq FROM tombstone WHERE account = ${account} AND modseq > ${modSeq}) AS changed
          ORDER BY modseq LIMIT 1 OFFSET ${limit}`,
      );
      const upTo = cut?.modseq ?? last;
      const messages = await reader.all<ChangedMessage>(
        sql`SELECT id, email, mailbox, uid, modseq AS "modSeq", create_modseq AS "createModSeq" FROM message
          WHERE account = ${account} AND modseq > ${modSeq} AND modseq <= ${upTo} ORDER BY modseq, id`,
      );
      const removed = await reader.all<RemovedMessage>(
        sql`SELECT message AS id, email, mailbox, uid, modseq AS "modSeq" FROM tombstone
          WHERE account = ${account} AND modseq > ${modSeq} AND modseq <= ${upTo} ORDER BY modseq, message`,
      );
      const mailboxes = await reader.all<{ id: MailboxId; name: string; expunged: number; modSeq: ModSeq }>(
        sql`SELECT id, name, expunged, modseq AS "modSeq" FROM mailbox
          WHERE account = ${account} AND modseq > ${modSeq} AND modseq <= ${upTo} ORDER BY modseq, id`,
      );
      return {
        upTo,
        isPartial: upTo < last,
        messages,
        removed,
        mailboxes: mailboxes.map(({ expunged, ...mailbox }) => ({ ...mailbox, exists: expunged === 0 })),
      };
    });
    await db.durable();
    return changes;
  }

  /** UIDs removed from a mailbox after `modSeq`, ascending. The log reaches back to the account's beginning. */
  async removedSince(mailbox: MailboxId, modSeq: ModSeq | 0): Promise<number[]> {
    const { account, db } = this.#deps;
    const rows = await db.read((reader) =>
      reader.arrays(
        sql`SELECT uid FROM tombstone WHERE account = ${account} AND mailbox = ${mailbox} AND modseq > ${modSeq}`,
      ),
    );
    await db.durable();
    return rows.map(([uid]) => Number(uid)).toSorted((a, b) => a - b);
  }
}
