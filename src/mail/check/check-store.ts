import type { Account, Accounts } from '#mail/accounts';
import { liveMailboxes, normalizeMailboxName, parentsOf, specialUses, type Mailbox } from '#mail/mailboxes';
import type { BlobStore } from '#ports/blobs';
import type { Database, Reader } from '#ports/database';
import { checkBlobs, storedBlobs, type BlobRows } from './check-blobs.ts';
import { checkQueue } from './check-queue.ts';
import { garbageBlobs, recountMailboxes, referredBlobs, rowQueries, type MailboxRecount } from './check-rows.ts';
import type { Finding, Report } from './finding.ts';

/** What the check needs. */
export interface CheckDeps {
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  /** The database with the tables of the queue; without it the queue is not looked at. */
  readonly queueDatabase?: Database;
}

/** Checks all accounts and the queue, and that no blobs belong to accounts that do not exist. Nothing is changed. */
export async function checkStore({ accounts, blobs, queueDatabase }: CheckDeps): Promise<Finding[]> {
  const findings: Finding[] = [];
  const known = new Set<string>(['queue', 'incoming']);
  // Read before the accounts: an account's row is there before its first blob.
  const owners = await Array.fromAsync(blobs.owners());
  for (const { id, name } of await accounts.list()) {
    known.add(String(id));
    const account = await accounts.open(name);
    if (account !== null) findings.push(...(await checkAccount(account)));
  }
  for (const owner of owners) {
    if (known.has(String(owner))) continue;
    const text = `blobs of account ${owner}, which does not exist`;
    findings.push({ account: String(owner), kind: 'orphan', text, isLoss: false });
  }
  if (queueDatabase !== undefined) findings.push(...(await checkQueue(queueDatabase, blobs)));
  return findings;
}

/** Checks one account's rows against each other and against its blobs. Nothing is changed. */
export async function checkAccount(account: Account): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report: Report = (kind, text, isLoss = false) => findings.push({ account: account.name, kind, text, isLoss });
  const stored = await storedBlobs(account.blobs, account.id);
  const rowsOf = async (reader: Reader): Promise<BlobRows> => ({
    referred: await referredBlobs(reader, account.id),
    garbage: await garbageBlobs(reader, account.id),
  });
  const found = await account.db.read(async (reader) => {
    const recounts = await recountMailboxes(reader, account.id);
    const mailboxes = await liveMailboxes(reader, account.id);
    const problems: (() => void)[] = [];
    for (const { kind, isLoss, statement, text } of rowQueries(account.id)) {
      const rows = await reader.all<Readonly<Record<string, string | number | null>>>(statement);
      for (const row of rows) problems.push(() => report(kind, text(row), isLoss));
    }
    return { recounts, mailboxes, problems, rows: await rowsOf(reader) };
  });
  checkNames(found.mailboxes, report);
  for (const recount of found.recounts) checkCounters(recount, report);
  for (const problem of found.problems) problem();
  const target = { blobs: account.blobs, owner: account.id, what: 'content' };
  await checkBlobs(target, stored, found.rows, () => account.db.read(rowsOf), report);
  return findings;
}

function checkNames(mailboxes: readonly Mailbox[], report: Report): void {
  const names = new Set(mailboxes.map(({ name }) => name));
  if (!names.has('INBOX')) report('mailbox', 'there is no INBOX');
  for (const { name } of mailboxes) {
    if (!isNormal(name)) report('mailbox', `mailbox ${name} has a name that cannot be`);
    for (const parent of parentsOf(name)) {
      if (!names.has(parent)) report('mailbox', `mailbox ${name} has no parent ${parent}`);
    }
  }
  for (const use of specialUses) {
    const holders = mailboxes.filter(({ specialUse }) => specialUse.includes(use));
    if (holders.length > 1) report('mailbox', `${holders.map(({ name }) => name).join(' and ')} are both ${use}`);
  }
}

function isNormal(name: string): boolean {
  try {
    return normalizeMailboxName(name) === name;
  } catch {
    return false;
  }
}

function checkCounters(recount: MailboxRecount, report: Report): void {
  const { name, stated, counted, uidNext, maxUid, highestModSeq, maxModSeq } = recount;
  for (const counter of ['messages', 'unseen', 'deleted', 'sizeBytes', 'deletedSizeBytes'] as const) {
    if (stated[counter] !== counted[counter]) {
      report('counter', `mailbox ${name} says ${counter} ${stated[counter]}, a recount gives ${counted[counter]}`);
    }
  }
  if (maxUid >= uidNext) report('uid', `mailbox ${name} has UID ${maxUid}, and UIDNEXT ${uidNext}`);
  if (maxModSeq > highestModSeq) {
    report('modseq', `mailbox ${name} has a message with MODSEQ ${maxModSeq}, and HIGHESTMODSEQ ${highestModSeq}`);
  }
}
