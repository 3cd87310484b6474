import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import { blockOf, endOfBlock, selectRawBlocks, startOfBlock, writeBlock, type StoredBlock } from './flag-block-rows.ts';
import { FlagBlock, type BlockEntry } from './flag-block.ts';
import { selectFirstStates, type FirstState } from './flag-states.ts';

/** A block that was rebuilt. */
export interface RebuiltBlock {
  readonly firstUid: number;
  readonly lastUid: number;
  /** Messages whose flags were reset to those with which they arrived. */
  readonly resetMessages: number;
}

/** Arguments of `rebuildBlocks`. */
export interface RebuildArgs {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  /** Takes the MODSEQ for the changes; called once at most. */
  readonly takeModSeq: () => Promise<ModSeq>;
}

/**
 * Rebuilds the blocks of a mailbox that cannot be read or whose messages differ from those that exist. A message keeps its state in a readable
 * block; without one, it gets the flags with which it arrived (`first_flags`) and a new MODSEQ, so that clients fetch them.
 */
export async function rebuildBlocks(tx: Tx, { account, mailbox, takeModSeq }: RebuildArgs): Promise<RebuiltBlock[]> {
  const raw = new Map((await selectRawBlocks(tx, account, mailbox)).map(({ number, stored }) => [number, stored]));
  const last = [...raw.keys()].at(-1) ?? -1;
  const rebuilt: RebuiltBlock[] = [];
  for (const number of await blockNumbers(tx, account, mailbox, raw.keys(), last)) {
    const stored = raw.get(number);
    const firstUid = startOfBlock(number);
    const messages = await selectFirstStates(tx, account, mailbox, firstUid, endOfBlock(number));
    const isLast = number === last;
    if (stored !== undefined && stored !== null && fits(stored, messages, isLast)) continue;
    const known = entriesOf(stored ?? null);
    const block = new FlagBlock(number);
    let resetMessages = 0;
    for (const [uid, flags, keywords, created] of messages) {
      const entry = known.get(uid);
      if (entry !== undefined && entry.modSeq >= created) block.push(uid, entry, entry.modSeq);
      else {
        resetMessages += 1;
        block.push(uid, { flags, keywords }, await takeModSeq());
      }
    }
    const lastUid = isLast ? (messages.at(-1)?.[0] ?? 0) : endOfBlock(number);
    await writeBlock(tx, account, mailbox, { block, lastUid });
    rebuilt.push({ firstUid: Math.max(1, firstUid), lastUid: endOfBlock(number), resetMessages });
  }
  return rebuilt;
}

/** Returns the numbers of blocks that exist or have messages before the end of the last block, ascending. */
async function blockNumbers(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  stored: Iterable<number>,
  last: number,
): Promise<number[]> {
  const numbers = new Set(stored);
  for (let from = 0; from <= endOfBlock(last);) {
    const [row] = await tx.arrays(
      sql`SELECT uid FROM message WHERE account = ${account} AND mailbox = ${mailbox} AND uid >= ${from} ORDER BY uid LIMIT 1`,
    );
    if (row === undefined) break;
    const number = blockOf(Number(row[0]));
    if (number <= last) numbers.add(number);
    from = endOfBlock(number) + 1;
  }
  return [...numbers].toSorted((a, b) => a - b);
}

/** Reports whether a block has exactly the messages that it covers: those of all its UIDs, unless it is the last block. */
function fits({ block, lastUid }: StoredBlock, messages: readonly FirstState[], isLast: boolean): boolean {
  const spoken = isLast ? messages.filter(([uid]) => uid <= lastUid) : messages;
  if (spoken.length !== block.uids.length || blockOf(lastUid) !== block.number) return false;
  return spoken.every(([uid, , , created], i) => block.uids[i] === uid && (block.modSeqs[i] ?? 0) >= created);
}

function entriesOf(stored: StoredBlock | null): Map<number, BlockEntry> {
  const entries = new Map<number, BlockEntry>();
  for (let i = 0; i < (stored?.block.uids.length ?? 0); i += 1) {
    const entry = stored?.block.at(i);
    if (entry !== undefined) entries.set(entry.uid, entry);
  }
  return entries;
}
