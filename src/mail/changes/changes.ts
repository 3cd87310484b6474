import type { AccountId, ContentId, MailboxId, MessageRowId, ModSeq, Uid } from '#lib/ids';
import { lastBlockUid, selectChangedBlocks, selectFirstStates } from '#mail/flag-blocks';
import { inBatches, inList } from '#mail/schema';
import { sql, type Database, type Reader } from '#ports/database';
import { currentModSeq } from './account-state.ts';

/** Dependencies of `Changes`. */
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

/** A mailbox that came, went or changed itself. */
export interface ChangedMailbox {
  readonly id: MailboxId;
  readonly name: string;
  readonly exists: boolean;
  readonly modSeq: ModSeq;
  readonly createModSeq: ModSeq;
}

/** Changes of an account after one MODSEQ, up to and including another. */
export interface AccountChanges {
  /** Continue from here. */
  readonly upTo: ModSeq;
  /** More changes follow `upTo`. */
  readonly isPartial: boolean;
  /** Ascending by MODSEQ, then id. */
  readonly messages: readonly ChangedMessage[];
  readonly removed: readonly RemovedMessage[];
  /** Mailboxes created, changed themselves or removed. */
  readonly mailboxes: readonly ChangedMailbox[];
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

  /** Returns the mailboxes that changed themselves after `modSeq`, with those that went. */
  async mailboxesSince(modSeq: ModSeq): Promise<ChangedMailbox[]> {
    const { account, db } = this.#deps;
    const changed = await db.read((reader) =>
      readMailboxes(reader, account, modSeq, Number.MAX_SAFE_INTEGER as ModSeq),
    );
    await db.durable();
    return changed;
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

/** A message that changed, before its row was read. */
interface Changed {
  readonly mailbox: MailboxId;
  readonly uid: number;
  readonly modSeq: number;
}

/** Reads changes after a MODSEQ within the caller's snapshot; see `Changes.since`. */
export async function readChanges(
  reader: Reader,
  account: AccountId,
  since: ModSeq | 0,
  limit: number,
): Promise<AccountChanges> {
  const last = await currentModSeq(reader, account);
  if (last === null) throw new Error(`account ${account} has no state`);
  const changed: Changed[] = [];
  for (const mailbox of await changedMailboxes(reader, account, since)) {
    for (const one of await changedIn(reader, account, mailbox, since)) changed.push(one);
  }
  changed.sort((a, b) => a.modSeq - b.modSeq);
  const cutOfRemoved = await reader.get<{ modseq: number }>(
    sql`SELECT modseq FROM tombstone WHERE account = ${account} AND modseq > ${since} ORDER BY modseq LIMIT 1 OFFSET ${limit}`,
  );
  const cuts = [changed[limit]?.modSeq, cutOfRemoved?.modseq, last];
  const upTo = Math.min(...cuts.filter((modseq) => modseq !== undefined)) as ModSeq;
  const end = changed.findIndex(({ modSeq }) => modSeq > upTo);
  const messages = await readMessages(reader, account, end < 0 ? changed : changed.slice(0, end));
  const removed = await reader.all<RemovedMessage>(
    sql`SELECT message AS id, email, mailbox, uid, modseq AS "modSeq" FROM tombstone
      WHERE account = ${account} AND modseq > ${since} AND modseq <= ${upTo} ORDER BY modseq, message`,
  );
  return {
    upTo,
    isPartial: upTo < last,
    messages: messages.toSorted((a, b) => a.modSeq - b.modSeq || a.id - b.id),
    removed,
    mailboxes: await readMailboxes(reader, account, since, upTo),
  };
}

/** Reads the mailboxes that changed themselves, or came, or went. */
async function readMailboxes(
  reader: Reader,
  account: AccountId,
  since: ModSeq | 0,
  upTo: ModSeq,
): Promise<ChangedMailbox[]> {
  const rows = await reader.all<Omit<ChangedMailbox, 'exists'> & { readonly expunged: number }>(
    sql`SELECT id, name, expunged, modseq AS "modSeq", create_modseq AS "createModSeq" FROM mailbox
      WHERE account = ${account} AND modseq > ${since} AND modseq <= ${upTo} ORDER BY modseq, id`,
  );
  // A stage of a copy is marked as deleted from the beginning, and no client has seen it.
  const seen = rows.filter(({ expunged, modSeq, createModSeq }) => expunged === 0 || modSeq > createModSeq);
  return seen.map(({ expunged, ...mailbox }) => ({ ...mailbox, exists: expunged === 0 }));
}

async function changedMailboxes(reader: Reader, account: AccountId, since: ModSeq | 0): Promise<MailboxId[]> {
  const mailboxes = await reader.all<{ id: MailboxId }>(
    sql`SELECT id FROM mailbox WHERE account = ${account} AND expunged = 0 AND message_modseq > ${since} ORDER BY name`,
  );
  return mailboxes.map(({ id }) => id);
}

/** Messages of one mailbox that are new or have new flags: by its blocks, and behind the last of them by the rows. */
async function changedIn(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  since: ModSeq | 0,
): Promise<Changed[]> {
  const changed: Changed[] = [];
  for (const { block } of await selectChangedBlocks(reader, account, mailbox, since)) {
    for (const [i, modSeq] of block.modSeqs.entries())
      if (modSeq > since) changed.push({ mailbox, uid: block.uids[i] ?? 0, modSeq });
  }
  const fromUid = (await lastBlockUid(reader, account, mailbox)) + 1;
  for (const [uid, , , modSeq] of await selectFirstStates(reader, account, mailbox, fromUid))
    if (modSeq > since) changed.push({ mailbox, uid, modSeq });
  return changed;
}

/** The rows of changed messages. */
async function readMessages(
  reader: Reader,
  account: AccountId,
  changed: readonly Changed[],
): Promise<ChangedMessage[]> {
  const messages: ChangedMessage[] = [];
  for (const [mailbox, some] of Map.groupBy(changed, (one) => one.mailbox)) {
    const modSeqs = new Map(some.map(({ uid, modSeq }) => [uid, modSeq as ModSeq]));
    for (const uids of inBatches([...modSeqs.keys()])) {
      const rows = await reader.all<Omit<ChangedMessage, 'modSeq'>>(
        sql`SELECT id, email, mailbox, uid, create_modseq AS "createModSeq" FROM message
          WHERE account = ${account} AND mailbox = ${mailbox} AND uid IN ${inList(uids)}`,
      );
      for (const row of rows) messages.push({ ...row, modSeq: modSeqs.get(row.uid) ?? row.createModSeq });
    }
  }
  return messages;
}
