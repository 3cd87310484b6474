import type { AccountId, ContentId } from '#lib/ids';
import type { Tx } from '#ports/database';
import { appendMessages } from './append.ts';
import type { Addition, Logged, PlaceChange } from './message.ts';
import { removeMessages } from './removal.ts';
import { storeFlags } from './store-flags.ts';
import { copyMessages, moveMessages } from './transfer.ts';

/** Adds messages, each to all of its mailboxes. @returns their emails, in the order given. */
export async function addMessages(
  tx: Tx,
  account: AccountId,
  additions: readonly Addition[],
  nowMs: number,
): Promise<ContentId[]> {
  const added: ContentId[] = [];
  for (const { message, mailboxes } of additions) {
    const [first, ...others] = mailboxes;
    if (first === undefined) throw new RangeError('a message needs a mailbox');
    const { uids, ids } = await appendMessages(tx, account, { id: first }, [message], nowMs);
    for (const id of others) await copyMessages(tx, account, first, uids, { id }, nowMs);
    // A new message's row and its email have one number.
    added.push(Number(ids[0]) as ContentId);
  }
  return added;
}

/** Makes changes in their order, each with a MODSEQ of its own. @returns whether anything changed. */
export async function makeChanges(
  tx: Tx,
  account: AccountId,
  changes: readonly PlaceChange[],
  nowMs: number,
): Promise<boolean> {
  let isChanged = false;
  for (const change of changes) {
    const { modSeq } = await makeChange(tx, account, change, nowMs);
    isChanged ||= modSeq !== null;
  }
  return isChanged;
}

async function makeChange(tx: Tx, account: AccountId, change: PlaceChange, nowMs: number): Promise<Logged> {
  const { uids } = change;
  switch (change.kind) {
    case 'store':
      return await storeFlags(tx, account, change.mailbox, uids, change.change, null);
    case 'copy':
      return await copyMessages(tx, account, change.from, uids, { id: change.to }, nowMs);
    case 'move':
      return await moveMessages(tx, account, change.from, uids, { id: change.to }, nowMs);
    case 'remove':
      return await removeMessages(tx, account, change.mailbox, uids, nowMs);
  }
}
