import { DescriptionDamaged } from '#lib/message-description';
import type { MailboxId } from '#lib/ids';
import type { Account } from '#mail/accounts';
import { readDescription } from '#mail/messages';
import { inBatches, inList } from '#mail/schema';
import { sql, type Sql } from '#ports/database';
import { pages } from './pages.ts';

const rowsAtOnce = 64;

/** Has the damaged descriptions of an account made again from the bytes of their messages. @returns how many were. */
export async function repairDescriptions(account: Account): Promise<number> {
  const damaged: number[] = [];
  const after = (last: DescribedRow | null): Sql =>
    sql`SELECT e.id, e.description FROM email AS e WHERE e.account = ${account.id} AND e.id > ${last?.id ?? -1}
      ORDER BY e.id LIMIT ${rowsAtOnce}`;
  for await (const { id, description } of pages(account.db, after, rowsAtOnce, account.loop)) {
    if (description !== null && isDamaged(description)) damaged.push(id);
  }
  let repaired = 0;
  for (const emails of inBatches(damaged)) {
    for (const place of await placesOf(account, emails)) if (await isMadeAgain(account, place)) repaired += 1;
  }
  return repaired;
}

interface DescribedRow {
  readonly id: number;
  readonly description: Uint8Array | null;
}

function isDamaged(description: Uint8Array): boolean {
  try {
    readDescription(description, 0);
    return false;
  } catch (error) {
    if (error instanceof DescriptionDamaged) return true;
    throw error;
  }
}

interface DamagedPlace {
  readonly email: number;
  readonly mailbox: MailboxId;
  readonly uid: number;
}

/** Returns one place of each email that has one. */
async function placesOf({ db, id }: Account, emails: readonly number[]): Promise<DamagedPlace[]> {
  const places = await db.read((reader) =>
    reader.all<DamagedPlace>(
      sql`SELECT m.email, m.mailbox, m.uid FROM message AS m WHERE m.account = ${id} AND m.email IN ${inList(emails)}`,
    ),
  );
  return [...new Map(places.map((place) => [place.email, place])).values()];
}

/** Reads the message, which repairs its description; false when its bytes cannot be read. */
async function isMadeAgain({ reader }: Account, { mailbox, uid }: DamagedPlace): Promise<boolean> {
  const wanted = { description: true, oldListed: false, oldTexts: false, sentDay: false };
  return await reader.rows(mailbox, [uid], wanted).then(
    (rows) => rows.length > 0,
    // What is wrong with the bytes is reported as such.
    () => false,
  );
}
