import { asciiFolded, foldAscii } from '#mail/folded-text';
import { flagNames } from '#lib/flags';
import type { AccountId, MailboxId } from '#lib/ids';
import { blocksOfUids, StateFinder } from '#mail/flag-blocks';
import { liveMailboxes } from '#mail/mailboxes';
import { inBatches, inList } from '#mail/schema';
import { sql, type Database, type Reader, type Sql } from '#ports/database';
import { readReception } from './acceptance.ts';
import type { PlaceNow, Story, StoryEvent } from './types.ts';

/** The account whose messages are looked at. */
export interface IncomingContext {
  readonly id: AccountId;
  readonly name: string;
  readonly db: Database;
}

/** Sender and recipient of the envelope. */
export interface EnvelopeQuestion {
  /** Any when absent; without regard to ASCII case. */
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  /** Not before, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** UIDs that are looked through at once, and rows of messages: neither holds the process for long. */
const uidSpan = 20_000;
const emailsAtOnce = 200;

/** Emails in a mailbox with a Message-ID, without brackets; the latest first. */
export async function emailsWithId({ id, db }: IncomingContext, messageId: string, limit: number): Promise<number[]> {
  const rows = await db.read((reader) =>
    reader.all<{ id: number }>(
      sql`SELECT e.id FROM email AS e WHERE e.account = ${id} AND e.message_id = ${messageId}
        AND NOT EXISTS (SELECT 1 FROM expunged_email AS x WHERE x.account = e.account AND x.id = e.id)
        ORDER BY e.id DESC LIMIT ${limit}`,
    ),
  );
  return rows.map((row) => row.id);
}

/** Emails by their envelope; the latest first. Looks at what was put into mailboxes since then, not at all mail. */
export async function emailsWithEnvelope(
  context: IncomingContext,
  question: EnvelopeQuestion,
  limit: number,
): Promise<number[]> {
  const { id: account, db } = context;
  const { sender, recipient, sinceMs } = question;
  const wanted: Sql = sql`received_ms >= ${sinceMs}
    ${sender === undefined ? sql`` : sql`AND ${asciiFolded(sql`mail_from`)} = ${foldAscii(sender)}`}
    ${recipient === undefined ? sql`` : sql`AND ${asciiFolded(sql`rcpt_to`)} = ${foldAscii(recipient)}`}`;
  const found = new Set<number>();
  for (const { id: mailbox, uidNext } of await db.read((reader) => liveMailboxes(reader, account))) {
    for (let below = uidNext, more = true; more;) {
      const before = below;
      const rows = await db.read((reader) =>
        reader.all<{
          uid: number;
          email: number;
          saveMs: number;
        }>(sql`SELECT uid, email, save_ms AS "saveMs" FROM message
          WHERE account = ${account} AND mailbox = ${mailbox} AND uid < ${before} ORDER BY uid DESC LIMIT ${emailsAtOnce}`),
      );
      const ids = rows.filter(({ email, saveMs }) => saveMs >= sinceMs && !found.has(email)).map(({ email }) => email);
      if (ids.length > 0) {
        const matching = await db.read((reader) =>
          reader.all<{ id: number }>(
            sql`SELECT id FROM email WHERE account = ${account} AND id IN ${inList(ids)} AND ${wanted}`,
          ),
        );
        for (const { id } of matching) found.add(id);
      }
      const last = rows.at(-1);
      below = last?.uid ?? before;
      // UIDs are given in the order of time, so the first old one ends the search.
      more = rows.length === emailsAtOnce && last !== undefined && last.saveMs >= sinceMs;
    }
  }
  return [...found].toSorted((a, b) => b - a).slice(0, limit);
}

/** The stories of messages that are in an account, in the order given. */
export async function incomingStories(context: IncomingContext, ids: readonly number[]): Promise<Story[]> {
  if (ids.length === 0) return [];
  const { id: account, db } = context;
  const names = new Map(
    (await db.read((reader) => liveMailboxes(reader, account))).map(({ id, name }) => [id, name] as const),
  );
  const places = Map.groupBy(await placesOf(context, ids), ({ email }) => email);
  const stories: Story[] = [];
  for (const id of ids) {
    const told = await db.read((reader) => storyOf(reader, context, { id, names, places: places.get(id) ?? [] }));
    if (told !== null) stories.push(told);
  }
  await db.durable();
  return stories;
}

interface Place {
  readonly id: number;
  readonly email: number;
  readonly mailbox: MailboxId;
  readonly uid: number;
  readonly flags: number;
  readonly keywords: string;
  readonly saveMs: number;
  readonly createModSeq: number;
}

/** Finds the mailboxes of emails. No index leads there, so all entries are looked through, a few thousand at a time. */
async function placesOf({ id: account, db }: IncomingContext, emails: readonly number[]): Promise<Place[]> {
  const places: Place[] = [];
  for (const batch of inBatches(emails)) {
    for (const { id: mailbox, uidNext } of await db.read((reader) => liveMailboxes(reader, account))) {
      for (let from = 1; from < uidNext; from += uidSpan) {
        const first = from;
        const rows = await db.read((reader) => placesBetween(reader, account, mailbox, first, batch));
        places.push(...rows);
      }
    }
  }
  return places;
}

/** Places of some emails among `uidSpan` UIDs, with their present flags. */
async function placesBetween(
  reader: Reader,
  account: AccountId,
  mailbox: MailboxId,
  firstUid: number,
  emails: readonly number[],
): Promise<Place[]> {
  const rows = await reader.all<Place>(
    sql`SELECT id, email, mailbox, uid, first_flags AS flags, first_keywords AS keywords, save_ms AS "saveMs", create_modseq AS "createModSeq"
      FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${firstUid} AND uid < ${firstUid + uidSpan}
      AND email IN ${inList(emails)} ORDER BY uid`,
  );
  const uids = rows.map(({ uid }) => uid);
  const finder = new StateFinder(await blocksOfUids(reader, account, mailbox, uids));
  return rows.map((row) => {
    const { flags, keywords } = finder.find(row.uid) ?? row;
    return { ...row, flags, keywords };
  });
}

async function storyOf(
  reader: Reader,
  { id: account, name }: IncomingContext,
  {
    id,
    names,
    places,
  }: { readonly id: number; readonly names: ReadonlyMap<number, string>; readonly places: readonly Place[] },
): Promise<Story | null> {
  const row =
    await reader.get<EmailRow>(sql`SELECT size_bytes AS "sizeBytes", received_ms AS "receivedMs", message_id AS "messageId",
    remote_ip AS "remoteIp", mail_from AS "mailFrom", rcpt_to AS "rcptTo", validation FROM email WHERE account = ${account} AND id = ${id}`);
  if (row === undefined) return null;
  const later: StoryEvent[] = [];
  for (const place of places) {
    const to = names.get(place.mailbox) ?? null;
    // A place that moved left a tombstone in the same write that made it where it is (RFC 7162 §3.2.10.2 speaks of vanished UIDs).
    const left = await reader.get<{ mailbox: number }>(sql`SELECT mailbox FROM tombstone
      WHERE account = ${account} AND modseq = ${place.createModSeq} AND message = ${place.id} AND email = ${id}`);
    if (left !== undefined) {
      later.push({ kind: 'moved', atMs: place.saveMs, from: names.get(left.mailbox) ?? null, to });
    } else if (place.id !== id) later.push({ kind: 'copied', atMs: place.saveMs, to });
  }
  const first = places.find((place) => place.id === id);
  // Without an envelope the date is what a mail program says it is.
  const isStored = row.mailFrom === null && first !== undefined && later.every(({ kind }) => kind === 'copied');
  const beginMs = isStored ? first.saveMs : row.receivedMs;
  return {
    ...beginning(
      { ...row, receivedMs: beginMs },
      name,
      later.toSorted((a, b) => a.atMs - b.atMs),
    ),
    places: places.map((place) => placeNow(place, names)),
  };
}

/** The story of a message that is in no mailbox, from its beginning and what came later. */
export function beginning(
  { receivedMs, remoteIp, mailFrom, rcptTo, validation, messageId, sizeBytes }: EmailRow,
  account: string,
  later: readonly StoryEvent[],
): Extract<Story, { kind: 'incoming' }> {
  const record = readReception(validation);
  const received: StoryEvent = {
    kind: 'received',
    atMs: receivedMs,
    by: record?.by ?? null,
    remoteIp,
    checks: record?.checks ?? [],
    explanation: record?.explanation ?? null,
    sender: mailFrom,
    recipient: rcptTo,
  };
  return {
    kind: 'incoming',
    messageId: messageId === null ? null : `<${messageId}>`,
    account,
    sender: mailFrom,
    sizeBytes,
    events: [received, ...later],
    places: [],
  };
}

function placeNow({ mailbox, uid, flags, keywords }: Place, names: ReadonlyMap<number, string>): PlaceNow {
  const said = keywords === '' ? [] : keywords.split(' ');
  return { mailbox: names.get(mailbox) ?? '', uid, flags: [...flagNames(flags), ...said] };
}

/** Beginning of a message's story, as its row has it. */
export interface EmailRow {
  readonly sizeBytes: number;
  readonly receivedMs: number;
  readonly messageId: string | null;
  readonly remoteIp: string | null;
  readonly mailFrom: string | null;
  readonly rcptTo: string | null;
  readonly validation: string | null;
}
