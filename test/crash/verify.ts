import type { Account } from '#mail/accounts';
import { checkStore } from '#mail/check';
import { BlobSweeper } from '#mail/content';
import { sql, type Database } from '#ports/database';
import { FakeClock } from '#testing/fake-clock';
import { newMessage } from '#testing/temp-store';
import { hashOf, isState, type Place, type Promises } from './ledger.ts';
import { openStore, type Store } from './store.ts';
import { verifyQueue } from './verify-queue.ts';

/** Longer than the sweeper waits. */
const sweepAgeMs = 15 * 24 * 60 * 60_000;

interface FoundMessage {
  readonly places: Place[];
  /** Recipients that it reports on, when it is a notice. */
  readonly noticeText: string | null;
}

/** All messages of an account by hash. */
type Found = Map<string, FoundMessage>;

/**
 * Opens what a power cut left, as the next start of the server would, and compares it with what had been promised.
 * @returns sentences about what is wrong, none when every promise holds.
 */
export async function verifyImage(directory: string, promises: Promises, nowMs: number): Promise<string[]> {
  const clock = new FakeClock(nowMs);
  const problems: string[] = [];
  try {
    await using store = await openStore({ directory, clock, seed: 99 });
    for (const problem of await checkStore(store)) {
      if (problem.kind !== 'orphan' && problem.kind !== 'owner')
        problems.push(`check: ${problem.account} ${problem.kind}: ${problem.text}`);
    }
    await integrity(store.databases.server, 'server', problems);
    const found = new Map<string, Found>();
    for (const name of promises.accounts) {
      const account = await store.accounts.open(name);
      if (account === null) problems.push(`account ${name} is gone`);
      else {
        await integrity(account.db, name, problems);
        found.set(name, await readAccount(account));
      }
    }
    await verifyExistence(store, promises, found, problems);
    verifyMessages(promises, found, problems);
    verifySeen(promises, found, problems);
    await verifyCleaning(store, found, problems);
    await verifyQueue({ store, clock, promises, problems, notices: () => noticesOf(store, promises) });
    await verifyNumbers(store, promises, problems);
    await verifyErased(store, promises, problems);
  } catch (error) {
    problems.push(`it cannot be read: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return problems;
}

/** Checks that completed work is there, removed data is gone, and work under way is all or nothing. Includes accounts that come and go. */
async function verifyExistence(
  store: Store,
  { guests, mailboxes }: Promises,
  found: Map<string, Found>,
  problems: string[],
): Promise<void> {
  for (const [name, existence] of guests) {
    const account = await store.accounts.open(name);
    if (account !== null) found.set(name, await readAccount(account));
    if (existence !== 'unsure' && (account !== null) !== (existence === 'here'))
      problems.push(`account ${name} is ${existence === 'here' ? 'gone' : 'there again'}`);
  }
  for (const [key, existence] of mailboxes) {
    const [name = '', mailbox = ''] = key.split('\n');
    const isThere = (await (await store.accounts.open(name))?.mailboxes.byName(mailbox)) !== null;
    if (existence !== 'unsure' && isThere !== (existence === 'here'))
      problems.push(`${name}: mailbox ${mailbox} is ${isThere ? 'there again' : 'gone'}`);
  }
}

/** Does what a start and the sweeper do with what was under way. */
export async function clean(store: Store): Promise<void> {
  await store.accounts.finishRemovals();
  await store.accounts.finishDeletions();
  // Files have the real time, and those without rows are only removed when they are old.
  const late = new FakeClock(Date.now() + sweepAgeMs);
  const sweeper = new BlobSweeper({ blobs: store.blobs, clock: late, log: store.log });
  await store.accounts.collectOrphans(sweeper);
  await late.advance(sweepAgeMs);
  await store.accounts.sweepBlobs(sweeper);
}

/** Checks what the next start and the sweeper do with work under way: it is finished, nothing else changes, and nothing is left over. */
async function verifyCleaning(store: Store, found: ReadonlyMap<string, Found>, problems: string[]): Promise<void> {
  await clean(store);
  if ((await store.accounts.finishDeletions()) > 0) problems.push('messages of mailboxes that are gone were left');
  const leaving = await store.databases.server.read((reader) =>
    reader.all<{ name: string }>(sql`SELECT name FROM account WHERE state = 'removing'`),
  );
  for (const { name } of leaving) problems.push(`account ${name} was left half removed`);
  for (const problem of await checkStore(store))
    problems.push(`check after cleaning: ${problem.account} ${problem.kind}: ${problem.text}`);
  for (const [name, before] of found) {
    const account = await store.accounts.open(name);
    const after = account === null ? new Map<string, FoundMessage>() : await readAccount(account);
    for (const [hash, { places }] of before)
      if (!isState(after.get(hash)?.places ?? [], places)) problems.push(`${name}: cleaning changed ${show(places)}`);
    if (after.size !== before.size) problems.push(`${name}: cleaning left ${after.size} of ${before.size} messages`);
  }
}

async function integrity(db: Database, name: string, problems: string[]): Promise<void> {
  const rows = await db.read((reader) => reader.arrays(sql`PRAGMA integrity_check`));
  if (String(rows[0]?.[0]) !== 'ok') problems.push(`${name}: ${String(rows[0]?.[0])}`);
}

async function readAccount(account: Account): Promise<Found> {
  const found: Found = new Map();
  for (const { name, mailbox } of await account.mailboxes.list()) {
    if (mailbox === null) continue;
    using lease = await account.images.open(mailbox.id);
    if (lease === null) continue;
    const { uids, flagSets, flagTable } = lease.image;
    const at = new Map(Array.from(uids, (uid, i) => [uid, i]));
    for (const { uid, content } of await account.reader.contents(mailbox.id, uids, 'all')) {
      const bytes = await content.bytes(0, content.sizeBytes);
      const hash = hashOf(bytes);
      const flagSet = flagTable.at(flagSets[at.get(uid) ?? 0] ?? 0);
      const place: Place = { mailbox: name, uid, flags: flagSet.bits, keywords: flagSet.keywords.join(' ') };
      const message = found.get(hash);
      if (message !== undefined) message.places.push(place);
      else {
        const text = new TextDecoder('latin1').decode(bytes);
        found.set(hash, { places: [place], noticeText: text.includes('report-type=delivery-status') ? text : null });
      }
    }
  }
  return found;
}

/** The notices that each account got. */
async function noticesOf(store: Store, { accounts }: Promises): Promise<Map<string, readonly string[]>> {
  const notices = new Map<string, readonly string[]>();
  for (const name of accounts) {
    const account = await store.accounts.open(name);
    if (account === null) continue;
    const texts = [...(await readAccount(account)).values()].flatMap(({ noticeText }) => noticeText ?? []);
    notices.set(name, texts);
  }
  return notices;
}

function verifyMessages(promises: Promises, found: ReadonlyMap<string, Found>, problems: string[]): void {
  const expected = new Set<string>();
  for (const { account, hash, allowed } of promises.messages) {
    expected.add(`${account} ${hash}`);
    const places = found.get(account)?.get(hash)?.places ?? [];
    if (!allowed.some((state) => isState(places, state)))
      problems.push(`${account}: message ${hash} is ${show(places)}, and should be ${allowed.map(show).join(' or ')}`);
  }
  for (const [account, messages] of found) {
    for (const [hash, { places, noticeText }] of messages) {
      if (noticeText === null && !expected.has(`${account} ${hash}`))
        problems.push(`${account}: ${show(places)} is a message that nobody sent`);
    }
  }
  for (const { parts } of promises.together) {
    const isAt = (which: 'before' | 'after'): boolean =>
      parts.every((part) => isState(found.get(part.account)?.get(part.hash)?.places ?? [], part[which]));
    if (!isAt('before') && !isAt('after'))
      problems.push(`half a transaction: ${parts.map(({ hash }) => hash).join(', ')}`);
  }
}

/** The sweep finishes what was to be erased, and nothing else goes. */
async function verifyErased(store: Store, { accounts }: Promises, problems: string[]): Promise<void> {
  await store.accounts.finishDeletions();
  for (const name of accounts) {
    const account = await store.accounts.open(name);
    const rows = await account?.db.read((reader) =>
      reader.arrays(sql`SELECT 'not erased', id FROM email WHERE id NOT IN (SELECT email FROM message)
        UNION ALL SELECT 'without bytes', email FROM message WHERE email NOT IN (SELECT id FROM content)
        UNION ALL SELECT 'without description', email FROM message WHERE email NOT IN (SELECT id FROM email)`),
    );
    for (const [what, id] of rows ?? [])
      problems.push(`${name}: email ${String(id)} is ${String(what)} after the sweep`);
  }
}

/** A UID that was shown never means another message. */
function verifySeen(promises: Promises, found: ReadonlyMap<string, Found>, problems: string[]): void {
  for (const { account, mailbox, uid, hash } of promises.seen) {
    for (const [other, { places }] of found.get(account) ?? []) {
      if (other !== hash && places.some((place) => place.mailbox === mailbox && place.uid === uid))
        problems.push(`${account}: UID ${uid} of ${mailbox} meant ${hash} and means ${other}`);
    }
  }
}

/** Checks that new messages get greater UIDs and MODSEQs than any that were shown. */
async function verifyNumbers(store: Store, promises: Promises, problems: string[]): Promise<void> {
  const heads = [
    ...promises.heads,
    ...promises.seen.map((seen) => ({ ...seen, uidNext: seen.uid + 1, highestModSeq: 0 })),
  ];
  const byMailbox = Map.groupBy(heads, ({ account, mailbox }) => `${account}\n${mailbox}`);
  for (const [first, ...more] of byMailbox.values()) {
    if (first === undefined) continue;
    const account = await store.accounts.open(first.account);
    if (account === null) continue;
    const appended = await account.messages.append({ name: first.mailbox }, [newMessage(['Subject: after'])]);
    const uid = appended.uids[0] ?? 0;
    for (const head of [first, ...more]) {
      const where = `${head.account}: ${head.mailbox}`;
      if (appended.uidValidity !== head.uidValidity) problems.push(`${where} has another UIDVALIDITY`);
      if (uid < head.uidNext) problems.push(`${where} gives UID ${uid}, UIDNEXT was told as ${head.uidNext}`);
      if (appended.modSeq <= head.highestModSeq)
        problems.push(`${where} gives MODSEQ ${appended.modSeq}, ${head.highestModSeq} was told`);
    }
  }
}

function show(places: readonly Place[]): string {
  if (places.length === 0) return 'nowhere';
  return places
    .map(({ mailbox, uid, flags, keywords }) => `${mailbox}/${uid ?? '?'} [${flags} ${keywords}]`)
    .join(' + ');
}
