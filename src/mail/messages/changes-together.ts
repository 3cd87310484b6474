import type { AccountId } from '#lib/ids';
import type { Tx } from '#ports/database';
import type { Logged, PlaceChange } from './message.ts';
import { removeMessages } from './removal.ts';
import { storeFlags } from './store-flags.ts';
import { copyMessages, moveMessages } from './transfer.ts';

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
