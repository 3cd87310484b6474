import type { AccountId, ContentId, MailboxId, MessageRowId, ModSeq, Uid } from '#lib/ids';
import { sql, type Database, type Reader } from '#ports/database';
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

  /** Changes after `modSeq`: about `limit` rows of each kind at most, but always whole MODSEQs. */
  async since(modSeq: ModSeq | 0, limit = 1000): Promise<AccountChanges> {
    const { account, db } = this.#deps;
    const changes = await db.read(async (reader) => await readChanges(reader, account, modSeq, limit));
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

async function readChanges(
  reader: Reader,
  account: AccountId,
  since: ModSeq | 0,
  limit: number,
): Promise<AccountChanges> {
  const last = await currentModSeq(reader, account);
  if (last === null) throw new Error(`account ${account} has no state`);
  const places = await changedMailboxes(reader, account, since);
  const cuts: (number | undefined)[] = [];
  for (const { id, firstUid } of places) cuts.push(await cutOfNew(reader, account, id, firstUid, limit));
  const cut = await reader.get<{ modseq: number }>(
    sql`SELECT modseq FROM message WHERE account = ${account} AND modseq > ${since} AND modseq <> create_modseq
      ORDER BY modseq LIMIT 1 OFFSET ${limit}`,
  );
  const cutOfRemoved = await reader.get<{ modseq: number }>(
    sql`SELECT modseq FROM tombstone WHERE account = ${account} AND modseq > ${since} ORDER BY modseq LIMIT 1 OFFSET ${limit}`,
  );
  cuts.push(cut?.modseq, cutOfRemoved?.modseq, last);
  const upTo = Math.min(...cuts.filter((modseq) => modseq !== undefined)) as ModSeq;
  const messages = await reader.all<ChangedMessage>(
    sql`SELECT id, email, mailbox, uid, modseq AS "modSeq", create_modseq AS "createModSeq" FROM message
      WHERE account = ${account} AND modseq > ${since} AND modseq <= ${upTo} AND modseq <> create_modseq`,
  );
  for (const { id, firstUid } of places) {
    const endUid = await firstUidAfter(reader, account, id, upTo);
    const added = await reader.all<ChangedMessage>(
      sql`SELECT id, email, mailbox, uid, modseq AS "modSeq", create_modseq AS "createModSeq" FROM message
        WHERE account = ${account} AND mailbox = ${id} AND uid >= ${firstUid} AND uid < ${endUid} AND modseq = create_modseq`,
    );
    messages.push(...added);
  }
  const removed = await reader.all<RemovedMessage>(
    sql`SELECT message AS id, email, mailbox, uid, modseq AS "modSeq" FROM tombstone
      WHERE account = ${account} AND modseq > ${since} AND modseq <= ${upTo} ORDER BY modseq, message`,
  );
  const mailboxes = await reader.all<{ id: MailboxId; name: string; expunged: number; modSeq: ModSeq }>(
    sql`SELECT id, name, expunged, modseq AS "modSeq" FROM mailbox
      WHERE account = ${account} AND modseq > ${since} AND modseq <= ${upTo} ORDER BY modseq, id`,
  );
  return {
    upTo,
    isPartial: upTo < last,
    messages: messages.toSorted((a, b) => a.modSeq - b.modSeq || a.id - b.id),
    removed,
    mailboxes: mailboxes.map(({ expunged, ...mailbox }) => ({ ...mailbox, exists: expunged === 0 })),
  };
}

/** Mailboxes whose messages changed, with the first UID that is new. */
async function changedMailboxes(
  reader: Reader,
  account: AccountId,
  since: ModSeq | 0,
): Promise<{ readonly id: MailboxId; readonly firstUid: number }[]> {
  const mailboxes = await reader.all<{ id: MailboxId }>(
    sql`SELECT id FROM mailbox WHERE account = ${account} AND expunged = 0 AND message_modseq > ${since} ORDER BY name`,
  );
  const found: { readonly id: MailboxId; readonly firstUid: number }[] = [];
  for (const { id } of mailboxes) found.push({ id, firstUid: await firstUidAfter(reader, account, id, since) });
  return found;
}

/** MODSEQ of the new message at `limit`, undefined when there are fewer. */
async function cutOfNew(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  firstUid: number,
  limit: number,
): Promise<number | undefined> {
  const row = await reader.get<{ modseq: number }>(
    sql`SELECT create_modseq AS modseq FROM message
      WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${firstUid} ORDER BY uid LIMIT 1 OFFSET ${limit}`,
  );
  return row?.modseq;
}

/** The smallest UID from which on all messages were created after `modSeq`: a binary search, since both ascend together. */
async function firstUidAfter(reader: Reader, account: AccountId, mailbox: MailboxId, modSeq: number): Promise<number> {
  let low = 1;
  let high = 0x1_0000_0000;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await reader.get<{ uid: number; modseq: number }>(
      sql`SELECT uid, create_modseq AS modseq FROM message
        WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${middle} ORDER BY uid LIMIT 1`,
    );
    if (row !== undefined && row.modseq <= modSeq) low = row.uid + 1;
    else high = middle;
  }
  return low;
}
