import type { Account, Accounts } from '#mail/accounts';
import { liveMailboxes, normalizeMailboxName, parentsOf, specialUses, type Mailbox } from '#mail/mailboxes';
import type { BlobId, BlobStore } from '#ports/blobs';
import { garbageBlobs, recountMailboxes, referredBlobs, rowQueries, type MailboxRecount } from './check-rows.ts';
import type { Finding, Report } from './finding.ts';

/** What the check needs. */
export interface CheckDeps {
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
}

/** Checks all accounts, and that no blobs belong to accounts that do not exist. Nothing is changed. */
export async function checkStore({ accounts, blobs }: CheckDeps): Promise<Finding[]> {
  const findings: Finding[] = [];
  const known = new Set<string>(['queue', 'incoming']);
  for (const { id, name } of await accounts.list()) {
    known.add(String(id));
    const account = await accounts.open(name);
    if (account !== null) findings.push(...(await checkAccount(account)));
  }
  for await (const owner of blobs.owners()) {
    if (known.has(String(owner))) continue;
    const text = `blobs of account ${owner}, which does not exist`;
    findings.push({ account: String(owner), kind: 'orphan', text, isLoss: false });
  }
  return findings;
}

/** Checks one account's rows against each other and against its blobs. Nothing is changed. */
export async function checkAccount(account: Account): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report: Report = (kind, text, isLoss = false) => findings.push({ account: account.name, kind, text, isLoss });
  const found = await account.db.read(async (reader) => {
    const recounts = await recountMailboxes(reader, account.id);
    const mailboxes = await liveMailboxes(reader, account.id);
    const problems: (() => void)[] = [];
    for (const { kind, isLoss, statement, text } of rowQueries(account.id)) {
      const rows = await reader.all<Readonly<Record<string, string | number | null>>>(statement);
      for (const row of rows) problems.push(() => report(kind, text(row), isLoss));
    }
    const referred = await referredBlobs(reader, account.id);
    const garbage = await garbageBlobs(reader, account.id);
    return { recounts, mailboxes, problems, referred, garbage };
  });
  checkNames(found.mailboxes, report);
  for (const recount of found.recounts) checkCounters(recount, report);
  for (const problem of found.problems) problem();
  await checkBlobs(account, found, report);
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

async function checkBlobs(
  account: Account,
  {
    referred,
    garbage,
  }: {
    readonly referred: readonly { readonly id: number; readonly blob: BlobId; readonly sizeBytes: number }[];
    readonly garbage: readonly BlobId[];
  },
  report: Report,
): Promise<void> {
  const stored = new Map<BlobId, number>();
  for await (const { id, sizeBytes } of account.blobs.list(account.id)) stored.set(id, sizeBytes);
  for (const { id, blob, sizeBytes } of referred) {
    const size = stored.get(blob);
    if (size === undefined) report('blob', `the blob ${blob} of content ${id} is missing`, true);
    else if (size !== sizeBytes)
      report('blob', `the blob ${blob} should have ${sizeBytes} bytes, and has ${size}`, true);
    stored.delete(blob);
    if (garbage.includes(blob)) report('blob', `the blob ${blob} of content ${id} is to be removed`, true);
  }
  for (const blob of garbage) stored.delete(blob);
  for (const blob of stored.keys()) report('orphan', `the blob ${blob} belongs to no message`);
}
