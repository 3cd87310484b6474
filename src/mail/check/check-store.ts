import { AccountRemoved, AccountUnavailable, type Account, type Accounts } from '#mail/accounts';
import type { AccountId } from '#lib/ids';
import { inBatches, inList } from '#mail/schema';
import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database, type Databases } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { checkBlobs, storedBlobs } from './check-blobs.ts';
import { checkHeaderBlocks } from './check-header-blocks.ts';
import { checkContents, checkEmails, placesOf } from './check-contents.ts';
import { checkMailboxes } from './check-mailboxes.ts';
import { checkMessages, checkTombstones } from './check-messages.ts';
import { checkQueue } from './check-queue.ts';
import { StoreProblems, type StoreProblem } from './store-problem.ts';

/** Dependencies of the check. */
export interface CheckDeps {
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  /** The database with the tables of the queue; without it the queue is not looked at. */
  readonly queueDatabase?: Database;
  /** Checks database files; without it they are taken for whole. */
  readonly databases?: Pick<Databases, 'integrity'>;
  /** Names of the accounts of the configuration: those that the server does not know are refused when data carries their names. */
  readonly configured?: readonly string[];
  /** Without it the check yields to others at its reads only. */
  readonly loop?: EventLoop;
}

const noPauses: EventLoop = { pause: () => null, beginSlice: () => null };
/** Lines of SQLite's integrity check that are reported. */
const maxDamages = 20;

/**
 * Checks all accounts and the queue, and that no blobs belong to accounts that do not exist. Nothing is changed. An account that cannot be
 * opened or read is a problem; the others are checked all the same. When the server's own database cannot be read, accounts are found by their folders.
 */
export async function checkStore(deps: CheckDeps): Promise<StoreProblem[]> {
  const { accounts, blobs } = deps;
  const found: StoreProblem[] = [];
  // Read before the accounts: an account's row is there before its first blob.
  const owners = await Array.fromAsync(blobs.owners());
  const server = new StoreProblems(null);
  const listed = await accounts.list().catch((error: unknown) => {
    server.unreadable('server.db cannot be read', error);
    return null;
  });
  for (const { name } of listed ?? []) found.push(...(await checkNamedAccount(deps, name)));
  const others = listed === null ? await accounts.stored() : await accounts.unclaimed();
  for (const [id, name] of others) {
    const problems = new StoreProblems(name ?? String(id));
    if (listed !== null) reportUnclaimed(problems, id, name, deps.configured ?? []);
    found.push(...problems.all(), ...(await checkFolder(deps, id, name)));
  }
  const known = new Set([
    'queue',
    'incoming',
    ...(listed ?? []).map(({ id }) => String(id)),
    ...others.keys().map(String),
  ]);
  for (const owner of owners) {
    if (known.has(String(owner))) continue;
    const problems = new StoreProblems(String(owner));
    problems.report('owner', `blobs/${owner} belongs to no account that the server knows`);
    found.push(...problems.all());
  }
  return [...found, ...(await checkServer(deps, server))];
}

/** Checks the server's own database. */
async function checkServer(
  { blobs, databases, queueDatabase, loop = noPauses }: CheckDeps,
  server: StoreProblems,
): Promise<StoreProblem[]> {
  if (databases !== undefined) await checkFile(() => databases.integrity('server'), 'server.db', server);
  if (queueDatabase === undefined) return server.all();
  try {
    return [...server.all(), ...(await checkQueue(queueDatabase, blobs, loop))];
  } catch (error) {
    server.unreadable('the queue in server.db cannot be read', error);
    return server.all();
  }
}

/** Reports data that no account of the server has: an account of the configuration is refused because of it, anything else only lies about. */
function reportUnclaimed(
  problems: StoreProblems,
  id: AccountId,
  name: string | null,
  configured: readonly string[],
): void {
  if (name !== null && configured.includes(name)) {
    const problem = `is refused: server.db does not know it, and accounts/${id} holds mail of an account ${name}`;
    problems.refused(
      problem,
      `restore server.db from a backup, or take the mail over with "godwit account adopt ${name}"`,
    );
    return;
  }
  const whose = name === null ? 'does not say whose it is' : `says that it is of the account ${name}`;
  problems.report('account', `accounts/${id} belongs to no account that the server knows; it ${whose}`);
}

async function checkNamedAccount(deps: CheckDeps, name: string): Promise<StoreProblem[]> {
  const problems = new StoreProblems(name);
  try {
    const account = await deps.accounts.open(name);
    return account === null ? [] : await checkOpened(deps, account, problems);
  } catch (error) {
    // Removed meanwhile: there is nothing to check.
    if (error instanceof AccountRemoved) return [];
    if (error instanceof AccountUnavailable) problems.refused(`is refused: ${error.problem}`, error.remedy);
    else problems.report('account', `cannot be opened: ${wordsOf(error)}`, true);
    return problems.all();
  }
}

/** Checks an account by its folder, which the server does not know. */
async function checkFolder(deps: CheckDeps, id: AccountId, name: string | null): Promise<StoreProblem[]> {
  const problems = new StoreProblems(name ?? String(id));
  try {
    using account = await deps.accounts.inspect(id);
    return await checkOpened(deps, account, problems);
  } catch (error) {
    problems.unreadable(`accounts/${id}/account.db cannot be opened`, error);
    return problems.all();
  }
}

async function checkOpened(
  { databases, loop }: CheckDeps,
  account: Account,
  problems: StoreProblems,
): Promise<StoreProblem[]> {
  if (databases !== undefined) {
    await checkFile(() => databases.integrity(account.id), `accounts/${account.id}/account.db`, problems);
  }
  return await checkAccount(account, loop, problems);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function checkFile(
  integrity: () => Promise<readonly string[]>,
  file: string,
  problems: StoreProblems,
): Promise<void> {
  try {
    const damages = await integrity();
    for (const damage of damages.slice(0, maxDamages))
      problems.report('database', `${file} is damaged: ${damage}`, true);
  } catch (error) {
    problems.unreadable(`${file} could not be checked`, error);
  }
}

/**
 * Checks one account's rows against each other and against its blobs, and each body against its checksum. Nothing is changed. Time and memory grow
 * with the number of rows; each piece is a read of its own, so that the account can be used meanwhile.
 */
export async function checkAccount(
  account: Account,
  loop: EventLoop = noPauses,
  problems = new StoreProblems(account.name),
): Promise<StoreProblem[]> {
  const { report } = problems;
  const stored = await storedBlobs(account.blobs, account.id);
  const steps = [
    () => checkMailboxes(account, report, loop),
    async () => checkEmails(account, await checkMessages(account, report, loop), report, loop),
    () => checkTombstones(account, report, loop),
    () => checkHeaderBlocks(account, report),
    async () => {
      const rows = { referred: await checkContents(account, report, loop), garbage: await garbageOf(account) };
      const { blobs, id: owner } = account;
      const known = (some: readonly BlobId[]): Promise<Set<BlobId>> => knownBlobs(account, some);
      await checkBlobs({ blobs, owner, what: 'content', known }, stored, rows, report, loop);
    },
    async () => {
      for (const emails of inBatches(problems.emails())) {
        problems.locate(await account.db.read((reader) => placesOf(reader, account.id, emails)));
      }
    },
  ];
  for (const step of steps) {
    // A damaged page ends one step, not the others.
    await step().catch((error: unknown) => {
      if (error instanceof AccountRemoved) throw error;
      problems.unreadable('a part of the account cannot be read', error);
    });
  }
  return problems.all();
}

/** Blobs that are to be removed, with their rows or after them. */
async function garbageOf({ db, id }: Account): Promise<BlobId[]> {
  const rows = await db.read(async (reader) => [
    ...(await reader.all<{ blob: BlobId }>(sql`SELECT blob_id AS blob FROM blob_garbage WHERE account = ${id}`)),
    ...(await reader.all<{ blob: BlobId }>(
      sql`SELECT c.blob_id AS blob FROM expunged_email AS x JOIN content AS c ON c.account = x.account AND c.id = x.id
        WHERE x.account = ${id} AND c.blob_id IS NOT NULL`,
    )),
  ]);
  return rows.map(({ blob }) => blob);
}

async function knownBlobs({ db, id }: Account, blobs: readonly BlobId[]): Promise<Set<BlobId>> {
  const known = new Set<BlobId>();
  for (const batch of inBatches(blobs)) {
    const list = inList(batch);
    const rows = await db.read((reader) =>
      reader.all<{ blob: BlobId }>(sql`SELECT blob_id AS blob FROM content WHERE account = ${id} AND blob_id IN ${list}
        UNION ALL SELECT blob_id AS blob FROM blob_garbage WHERE account = ${id} AND blob_id IN ${list}`),
    );
    for (const { blob } of rows) known.add(blob);
  }
  return known;
}
