import type { AccountId, MailboxId, ModSeq, UidValidity } from '#lib/ids';
import { sql, type Reader, type Tx } from '#ports/database';
import type { Mailbox } from './mailbox.ts';
import { specialUses, type SpecialUse } from './special-use.ts';

const columns = sql`id, name, special_use AS "specialUse", uidvalidity AS "uidValidity", uidnext AS "uidNext",
  create_modseq AS "createModSeq", modseq AS "modSeq", message_modseq AS "highestModSeq", total AS messages, unseen, deleted,
  size_bytes AS "sizeBytes", deleted_size_bytes AS "deletedSizeBytes"`;

type Row = Omit<Mailbox, 'specialUse'> & { readonly specialUse: string };

function mailboxOf(row: Row): Mailbox {
  return { ...row, specialUse: usesOf(row.specialUse) };
}

/** Reads stored special uses. The fast path for none matters: most mailboxes have none, and each APPEND reads its mailbox. */
function usesOf(text: string): readonly SpecialUse[] {
  if (text === '') return noUses;
  const uses = text.split(' ');
  return specialUses.filter((use) => uses.includes(use));
}

const noUses: readonly SpecialUse[] = [];

/** Returns the live mailbox of a normalised name; null when there is none. */
export async function mailboxByName(reader: Reader, account: AccountId, name: string): Promise<Mailbox | null> {
  const row = await reader.get<Row>(
    sql`SELECT ${columns} FROM mailbox WHERE account = ${account} AND name = ${name} AND expunged = 0`,
  );
  return row === undefined ? null : mailboxOf(row);
}

/** Returns the live mailbox with an id; null when there is none. */
export async function mailboxById(reader: Reader, account: AccountId, id: MailboxId): Promise<Mailbox | null> {
  const row = await reader.get<Row>(
    sql`SELECT ${columns} FROM mailbox WHERE account = ${account} AND id = ${id} AND expunged = 0`,
  );
  return row === undefined ? null : mailboxOf(row);
}

/** Returns all live mailboxes, sorted by name. */
export async function liveMailboxes(reader: Reader, account: AccountId): Promise<Mailbox[]> {
  const rows = await reader.all<Row>(
    sql`SELECT ${columns} FROM mailbox WHERE account = ${account} AND expunged = 0 ORDER BY name`,
  );
  return rows.map(mailboxOf);
}

/** Counts the live mailboxes. */
export async function countMailboxes(reader: Reader, account: AccountId): Promise<number> {
  const row = await reader.get<{ count: number }>(
    sql`SELECT count(*) AS count FROM mailbox WHERE account = ${account} AND expunged = 0`,
  );
  return Number(row?.count);
}

/** Sums the sizes of all messages. */
export async function totalSizeBytes(reader: Reader, account: AccountId): Promise<number> {
  const row = await reader.get<{ size: number | null }>(
    sql`SELECT sum(size_bytes) AS size FROM mailbox WHERE account = ${account} AND expunged = 0`,
  );
  return row?.size ?? 0;
}

/** Returns the live mailboxes below `name`, without `name` itself. */
export async function mailboxesBelow(reader: Reader, account: AccountId, name: string): Promise<Mailbox[]> {
  // '0' follows '/' in the order of code points, so this range is exactly the names that begin with `name/`.
  const rows = await reader.all<Row>(
    sql`SELECT ${columns} FROM mailbox WHERE account = ${account} AND name >= ${`${name}/`} AND name < ${`${name}0`} AND expunged = 0
      ORDER BY name`,
  );
  return rows.map(mailboxOf);
}

/** Adds an empty mailbox. */
export async function insertMailbox(
  tx: Tx,
  account: AccountId,
  mailbox: {
    readonly id: MailboxId;
    readonly name: string;
    readonly specialUse: readonly SpecialUse[];
    readonly uidValidity: UidValidity;
    readonly modSeq: ModSeq;
  },
): Promise<void> {
  const { id, name, specialUse, uidValidity, modSeq } = mailbox;
  await tx.run(
    sql`INSERT INTO mailbox (account, id, name, special_use, uidvalidity, uidnext, create_modseq, modseq, message_modseq, total, unseen,
      deleted, size_bytes, deleted_size_bytes, expunged)
      VALUES (${account}, ${id}, ${name}, ${specialUse.join(' ')}, ${uidValidity}, 1, ${modSeq}, ${modSeq}, ${modSeq}, 0, 0, 0, 0, 0, 0)`,
  );
}

/** Records that something about a mailbox has changed that is kept elsewhere. */
export async function stampMailbox(tx: Tx, account: AccountId, id: MailboxId, modSeq: ModSeq): Promise<void> {
  await tx.run(sql`UPDATE mailbox SET modseq = ${modSeq} WHERE account = ${account} AND id = ${id}`);
}

/** Renames a mailbox. */
export async function renameMailbox(
  tx: Tx,
  account: AccountId,
  id: MailboxId,
  name: string,
  modSeq: ModSeq,
): Promise<void> {
  await tx.run(sql`UPDATE mailbox SET name = ${name}, modseq = ${modSeq} WHERE account = ${account} AND id = ${id}`);
}

/** Replaces a mailbox's special uses. */
export async function setSpecialUse(
  tx: Tx,
  account: AccountId,
  id: MailboxId,
  specialUse: readonly SpecialUse[],
  modSeq: ModSeq,
): Promise<void> {
  await tx.run(
    sql`UPDATE mailbox SET special_use = ${specialUse.join(' ')}, modseq = ${modSeq} WHERE account = ${account} AND id = ${id}`,
  );
}

/**
 * Marks a mailbox as deleted. Its row stays for the log of changes. Its messages are removed afterwards; while its counter says that there
 * are some, it is one of `leavingMailboxes`.
 */
export async function expungeMailbox(tx: Tx, account: AccountId, id: MailboxId, modSeq: ModSeq): Promise<void> {
  await tx.run(
    sql`UPDATE mailbox SET expunged = 1, special_use = '', modseq = ${modSeq}, message_modseq = ${modSeq}
      WHERE account = ${account} AND id = ${id}`,
  );
}

/**
 * Adds a stage: a mailbox that is marked as deleted from the beginning, for messages on their way into another. Without `dropStage`, its
 * messages are removed like those of deleted mailboxes.
 */
export async function insertStage(
  tx: Tx,
  account: AccountId,
  { id, uidValidity, modSeq }: { readonly id: MailboxId; readonly uidValidity: UidValidity; readonly modSeq: ModSeq },
): Promise<void> {
  await tx.run(
    sql`INSERT INTO mailbox (account, id, name, special_use, uidvalidity, uidnext, create_modseq, modseq, message_modseq, total, unseen,
      deleted, size_bytes, deleted_size_bytes, expunged)
      VALUES (${account}, ${id}, '', '', ${uidValidity}, 1, ${modSeq}, ${modSeq}, ${modSeq}, 1, 0, 0, 0, 0, 1)`,
  );
}

/** Removes the row of a stage whose messages have moved to their mailbox. */
export async function dropStage(tx: Tx, account: AccountId, id: MailboxId): Promise<void> {
  await tx.run(sql`DELETE FROM mailbox WHERE account = ${account} AND id = ${id} AND expunged = 1`);
}

/** Returns the deleted mailboxes that may still have messages. */
export async function leavingMailboxes(reader: Reader, account: AccountId): Promise<MailboxId[]> {
  const rows = await reader.all<{ id: MailboxId }>(
    sql`SELECT id FROM mailbox WHERE account = ${account} AND expunged = 1 AND total > 0`,
  );
  return rows.map(({ id }) => id);
}

/** Records that a deleted mailbox has no messages left. */
export async function clearCounters(tx: Tx, account: AccountId, id: MailboxId): Promise<void> {
  await tx.run(
    sql`UPDATE mailbox SET total = 0, unseen = 0, deleted = 0, size_bytes = 0, deleted_size_bytes = 0
      WHERE account = ${account} AND id = ${id} AND expunged = 1`,
  );
}

/** Changes of a mailbox's counters. */
export interface CounterChange {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
  readonly deletedSizeBytes: number;
}

/** UIDNEXT and UIDVALIDITY of a mailbox after UIDs were taken. */
export interface Seats {
  readonly id: MailboxId;
  readonly uidNext: number;
  readonly uidValidity: UidValidity;
}

/** Adjusts a mailbox's counters for the messages that changed, and takes `uids` new UIDs. @returns null when the mailbox does not exist. */
export async function moveCounters(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId | string,
  modSeq: ModSeq,
  by: CounterChange,
  uids = 0,
): Promise<Seats | null> {
  // Two complete statements: this runs for each delivery, and a statement without fragments is built once only.
  const { messages, unseen, deleted, sizeBytes, deletedSizeBytes } = by;
  const statement =
    typeof mailbox === 'number'
      ? sql`UPDATE mailbox SET uidnext = uidnext + ${uids}, message_modseq = ${modSeq}, total = total + ${messages},
          unseen = unseen + ${unseen}, deleted = deleted + ${deleted}, size_bytes = size_bytes + ${sizeBytes},
          deleted_size_bytes = deleted_size_bytes + ${deletedSizeBytes}
          WHERE account = ${account} AND id = ${mailbox} AND expunged = 0
          RETURNING id, uidnext, uidvalidity`
      : sql`UPDATE mailbox SET uidnext = uidnext + ${uids}, message_modseq = ${modSeq}, total = total + ${messages},
          unseen = unseen + ${unseen}, deleted = deleted + ${deleted}, size_bytes = size_bytes + ${sizeBytes},
          deleted_size_bytes = deleted_size_bytes + ${deletedSizeBytes}
          WHERE account = ${account} AND name = ${mailbox} AND expunged = 0
          RETURNING id, uidnext, uidvalidity`;
  const [row] = await tx.arrays(statement);
  if (row === undefined) return null;
  return { id: Number(row[0]) as MailboxId, uidNext: Number(row[1]), uidValidity: Number(row[2]) as UidValidity };
}

/** Returns the subscribed names, sorted. */
export async function subscriptions(reader: Reader, account: AccountId): Promise<string[]> {
  const rows = await reader.all<{ name: string }>(
    sql`SELECT name FROM subscription WHERE account = ${account} ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

/** Reports whether a name is subscribed to. */
export async function isSubscribed(reader: Reader, account: AccountId, name: string): Promise<boolean> {
  const row = await reader.get(sql`SELECT name FROM subscription WHERE account = ${account} AND name = ${name}`);
  return row !== undefined;
}

/** Counts the subscribed names. */
export async function countSubscriptions(reader: Reader, account: AccountId): Promise<number> {
  const row = await reader.get<{ count: number }>(
    sql`SELECT count(*) AS count FROM subscription WHERE account = ${account}`,
  );
  return Number(row?.count);
}

/** Subscribes a name. @returns false when it was subscribed already. */
export async function addSubscription(tx: Tx, account: AccountId, name: string): Promise<boolean> {
  const added = await tx.run(
    sql`INSERT INTO subscription (account, name) VALUES (${account}, ${name}) ON CONFLICT DO NOTHING`,
  );
  return added > 0;
}

/** Unsubscribes a name. @returns false when it was not subscribed. */
export async function removeSubscription(tx: Tx, account: AccountId, name: string): Promise<boolean> {
  return (await tx.run(sql`DELETE FROM subscription WHERE account = ${account} AND name = ${name}`)) > 0;
}
