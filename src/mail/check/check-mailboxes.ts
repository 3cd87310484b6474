import type { Account } from '#mail/accounts';
import { liveMailboxes, normalizeMailboxName, parentsOf, specialUses, type Mailbox } from '#mail/mailboxes';
import { sql } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Report } from './store-problem.ts';
import { mailboxIds, recountMailbox, type MailboxRecount } from './recount.ts';

/** Checks names, special uses and UIDVALIDITYs of all mailboxes, and recounts the messages of each. */
export async function checkMailboxes({ db, id: account }: Account, report: Report, loop: EventLoop): Promise<void> {
  const { mailboxes, ids, shared, unborn } = await db.read(async (reader) => ({
    mailboxes: await liveMailboxes(reader, account),
    ids: await mailboxIds(reader, account),
    shared: await reader.all<{ name: string }>(
      sql`SELECT MIN(name) AS name FROM mailbox WHERE account = ${account} GROUP BY uidvalidity HAVING COUNT(*) > 1`,
    ),
    unborn: await reader.all<{ id: number }>(
      sql`SELECT id FROM mailbox WHERE account = ${account} AND id >= (SELECT next_id FROM account_state WHERE account = ${account})`,
    ),
  }));
  checkNames(mailboxes, report);
  for (const { name } of shared) report('mailbox', `mailbox ${name} shares its UIDVALIDITY with another`);
  for (const { id } of unborn) report('uid', `the row id ${id} was never given out`);
  for (const id of ids) {
    const recount = await db.read((reader) => recountMailbox(reader, account, id));
    if (recount !== null) checkCounters(recount, report);
    const waiting = loop.pause();
    if (waiting !== null) await waiting;
  }
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
  const { name, stated, counted, uidNext, maxUid, highestModSeq, maxModSeq, damage } = recount;
  if (damage !== null) report('flags', `mailbox ${name} cannot be opened: ${damage}`, true);
  const ofFlags = damage === null ? (['unseen', 'deleted', 'deletedSizeBytes'] as const) : [];
  for (const counter of ['messages', 'sizeBytes', ...ofFlags] as const) {
    if (stated[counter] !== counted[counter]) {
      report('counter', `mailbox ${name} says ${counter} ${stated[counter]}, a recount gives ${counted[counter]}`);
    }
  }
  for (const problem of recount.problems) report('flags', `mailbox ${name}: ${problem}`);
  if (maxUid >= uidNext) report('uid', `mailbox ${name} has UID ${maxUid}, and UIDNEXT ${uidNext}`);
  if (maxModSeq > highestModSeq) {
    report('modseq', `mailbox ${name} has a message with MODSEQ ${maxModSeq}, and HIGHESTMODSEQ ${highestModSeq}`);
  }
}
