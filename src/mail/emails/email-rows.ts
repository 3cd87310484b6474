import { SystemFlag } from '#lib/flags';
import type { AccountId, ContentId, MailboxId, ModSeq } from '#lib/ids';
import { currentModSeq, readChanges } from '#mail/changes';
import { selectStates } from '#mail/flag-blocks';
import { liveMailboxes } from '#mail/mailboxes';
import { selectPlaces } from '#mail/messages';
import { allPages, inBatches, inList, pageRows } from '#mail/schema';
import { sql, type Reader } from '#ports/database';
import type { EmailPlace } from './email.ts';

/** A place with the email that is there. */
export interface FoundPlace extends EmailPlace {
  readonly email: ContentId;
  readonly sizeBytes: number;
}

/** Facts of an email that never change. */
export interface EmailFacts {
  readonly thread: number;
  readonly receivedMs: number;
}

/** Rows of an account, all of them or those that changed. */
export interface EmailRows {
  readonly modSeq: ModSeq;
  readonly places: readonly FoundPlace[];
  readonly removed: readonly { readonly email: ContentId; readonly mailbox: MailboxId; readonly uid: number }[];
  readonly goneMailboxes: readonly MailboxId[];
  readonly facts: ReadonlyMap<number, EmailFacts>;
}

/** Reads the places of all mailboxes and the facts of all emails. */
export async function allRows(reader: Reader, account: AccountId): Promise<EmailRows> {
  const modSeq = await currentModSeq(reader, account);
  if (modSeq === null) throw new Error(`account ${account} has no state`);
  const places: FoundPlace[] = [];
  for (const { id } of await liveMailboxes(reader, account)) {
    for (const place of await placesOf(reader, account, id)) places.push(place);
  }
  const emails = await allPages(
    reader,
    (behind) => sql`SELECT id, thread, received_ms FROM email WHERE account = ${account} AND id > ${behind?.[0] ?? 0}
      ORDER BY id LIMIT ${pageRows}`,
  );
  return { modSeq, places, removed: [], goneMailboxes: [], facts: factsOf(emails) };
}

/** Reads what changed after a MODSEQ; `isKnown` are the emails whose facts are not wanted. */
export async function changedRows(
  reader: Reader,
  account: AccountId,
  since: ModSeq,
  isKnown: (email: number) => boolean,
): Promise<EmailRows> {
  const changes = await readChanges(reader, account, since, allChanges);
  const places: FoundPlace[] = [];
  for (const [mailbox, messages] of Map.groupBy(changes.messages, (message) => message.mailbox)) {
    const uids = messages.map(({ uid }) => Number(uid)).toSorted((a, b) => a - b);
    for (const { uid, email, flags, keywords, createModSeq, sizeBytes } of await selectPlaces(
      reader,
      account,
      mailbox,
      uids,
    ))
      places.push({ mailbox, uid, email, flags, keywords, createModSeq, sizeBytes });
  }
  const unknown = [...new Set(places.map(({ email }) => email))].filter((email) => !isKnown(email));
  const rows = [];
  for (const batch of inBatches(unknown)) {
    const some = await reader.arrays(
      sql`SELECT id, thread, received_ms FROM email WHERE account = ${account} AND id IN ${inList(batch)}`,
    );
    for (const row of some) rows.push(row);
  }
  const gone = changes.mailboxes.filter(({ exists }) => !exists);
  return {
    modSeq: changes.upTo,
    places,
    removed: changes.removed,
    goneMailboxes: gone.map(({ id }) => id),
    facts: factsOf(rows),
  };
}

/** Reads the threads of those among some emails that are in no mailbox anymore. Emails that older versions of the schema erased are missing. */
export async function threadsOfGone(
  reader: Reader,
  account: AccountId,
  emails: readonly number[],
): Promise<Map<number, number>> {
  const threads = new Map<number, number>();
  for (const batch of inBatches(emails)) {
    const rows = await reader.arrays(
      sql`SELECT id, thread FROM email WHERE account = ${account} AND id IN ${inList(batch)}
        UNION ALL SELECT id, thread FROM erased_email WHERE account = ${account} AND id IN ${inList(batch)}`,
    );
    for (const [id, thread] of rows) threads.set(Number(id), Number(thread));
  }
  return threads;
}

/** Returns the id of the newest email that is stored; 0 when there is none. Ids ascend, and are never used twice. */
export async function newestEmail(reader: Reader, account: AccountId): Promise<number> {
  const [row] = await reader.arrays(
    sql`SELECT id FROM email WHERE account = ${account} AND id > 0 ORDER BY id DESC LIMIT 1`,
  );
  return Number(row?.[0] ?? 0);
}

/** No limit that any account reaches. */
const allChanges = 2 ** 40;

/** The places of one mailbox with their present flags. */
async function placesOf(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<FoundPlace[]> {
  const { blocks, rest } = await selectStates(reader, account, mailbox);
  const states = new Map<number, { readonly flags: number; readonly keywords: string }>();
  for (const { block } of blocks) for (const [i, uid] of block.uids.entries()) states.set(uid, block.at(i));
  for (const [uid, flags, keywords] of rest) states.set(uid, { flags, keywords });
  const rows = await allPages(
    reader,
    (behind) => sql`SELECT uid, email, create_modseq, size_bytes FROM message
      WHERE account = ${account} AND mailbox = ${mailbox} AND uid > ${behind?.[0] ?? 0} ORDER BY uid LIMIT ${pageRows}`,
  );
  return rows.map(([uid, email, createModSeq, sizeBytes]) => {
    const { flags, keywords } = states.get(Number(uid)) ?? { flags: 0, keywords: '' };
    return {
      mailbox,
      uid: Number(uid),
      email: Number(email) as ContentId,
      flags,
      keywords,
      createModSeq: Number(createModSeq),
      sizeBytes: Number(sizeBytes),
    };
  });
}

function factsOf(rows: readonly (readonly unknown[])[]): Map<number, EmailFacts> {
  return new Map(
    rows.map(([id, thread, receivedMs]) => [Number(id), { thread: Number(thread), receivedMs: Number(receivedMs) }]),
  );
}

/** Reports whether a place is hidden from JMAP (RFC 8621 §4.1.1). */
export function isDeleted({ flags }: EmailPlace): boolean {
  return (flags & SystemFlag.Deleted) !== 0;
}

/** Returns the emails with given Message-IDs, at most 512, the oldest first. */
export async function emailsByMessageId(
  reader: Reader,
  account: AccountId,
  messageIds: readonly string[],
): Promise<{ readonly id: number; readonly messageId: string }[]> {
  return await reader.all(sql`SELECT id, message_id AS "messageId" FROM email
    WHERE account = ${account} AND message_id IN ${inList(messageIds)} ORDER BY id`);
}
