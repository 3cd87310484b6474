import { keywordKey, SystemFlag } from '#lib/flags';
import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { advance } from '#mail/changes';
import { blockOf, wholeBlocks, writeBlock, type FlagBlock } from '#mail/flag-blocks';
import { moveCounters } from '#mail/mailboxes';
import type { Tx } from '#ports/database';
import { keywordText, newKeywordText, spelledKeywords } from './keyword-rows.ts';
import { sizeOf } from './message-rows.ts';
import type { FlagChange, Logged, Stored } from './message.ts';

/**
 * Changes flags of messages that exist, with one MODSEQ for all that change and none when nothing does.
 * With `unchangedSince`, messages changed after it are left alone and reported.
 */
export async function storeFlags(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
  change: FlagChange,
  unchangedSince: number | null,
): Promise<Omit<Stored, 'modSeqs'> & Logged> {
  const { mode } = change;
  const named = mode === 'remove' ? change.keywords : await spelledKeywords(tx, account, change.keywords);
  const storing = new Storing({ ...change, keywords: named }, unchangedSince);
  const blocks = await wholeBlocks(tx, account, mailbox, uids);
  let modSeq: ModSeq | null = null;
  let at = 0;
  for (const stored of blocks) {
    const wanted: number[] = [];
    while (at < uids.length && blockOf(uids[at] ?? 0) === stored.block.number) {
      wanted.push(uids[at] ?? 0);
      at += 1;
    }
    const positions = storing.apply(stored.block, wanted);
    if (positions.length === 0) continue;
    modSeq ??= (await advance(tx, account)).modSeq;
    for (const i of positions) stored.block.modSeqs[i] = modSeq;
    // One block after the other, so that the statements between them yield to others.
    await writeBlock(tx, account, mailbox, stored);
  }
  const { changed, modified } = storing;
  if (modSeq === null) return { modSeq, changed, modified };
  const deletedSizeBytes =
    (await sizeOf(tx, account, mailbox, storing.deleted)) - (await sizeOf(tx, account, mailbox, storing.undeleted));
  const deleted = storing.deleted.length - storing.undeleted.length;
  await moveCounters(tx, account, mailbox, modSeq, {
    messages: 0,
    unseen: storing.unseen,
    deleted,
    sizeBytes: 0,
    deletedSizeBytes,
  });
  return { modSeq, changed, modified };
}

/** A change of flags at work: what it did so far. */
class Storing {
  readonly changed: number[] = [];
  readonly modified: number[] = [];
  /** UIDs that got or lost \Deleted. */
  readonly deleted: number[] = [];
  readonly undeleted: number[] = [];
  /** Change of the number of messages without \Seen. */
  unseen = 0;
  readonly #change: FlagChange;
  readonly #unchangedSince: number | null;
  readonly #keywordsAfter: (before: string) => string;

  constructor(change: FlagChange, unchangedSince: number | null) {
    this.#change = change;
    this.#unchangedSince = unchangedSince;
    this.#keywordsAfter = keywordChanger(change.mode, change.keywords);
  }

  /** Changes messages of one block; MODSEQs are the caller's. @returns the positions of those that changed. */
  apply(block: FlagBlock, uids: readonly number[]): readonly number[] {
    const positions: number[] = [];
    const after: number[] = [];
    let at = 0;
    for (const uid of uids) {
      while (at < block.uids.length && (block.uids[at] ?? 0) < uid) at += 1;
      if (block.uids[at] !== uid) continue;
      if (this.#unchangedSince !== null && (block.modSeqs[at] ?? 0) > this.#unchangedSince) {
        this.modified.push(uid);
        continue;
      }
      const before = block.setOf[at] ?? 0;
      const next = (after[before] ??= this.#next(block, before));
      if (next === before) continue;
      block.setOf[at] = next;
      this.#count(uid, block.sets[before]?.flags ?? 0, block.sets[next]?.flags ?? 0);
      positions.push(at);
    }
    return positions;
  }

  #next(block: FlagBlock, index: number): number {
    const set = block.sets[index];
    if (set === undefined) throw new RangeError(`no set ${index}`);
    return block.intern({ flags: bitsAfter(set.flags, this.#change), keywords: this.#keywordsAfter(set.keywords) });
  }

  #count(uid: number, before: number, after: number): void {
    this.changed.push(uid);
    const different = before ^ after;
    if ((different & SystemFlag.Seen) !== 0) this.unseen += (after & SystemFlag.Seen) === 0 ? 1 : -1;
    if ((different & SystemFlag.Deleted) === 0) return;
    if ((after & SystemFlag.Deleted) === 0) this.undeleted.push(uid);
    else this.deleted.push(uid);
  }
}

function bitsAfter(flags: number, { mode, bits }: FlagChange): number {
  if (mode === 'replace') return bits;
  return mode === 'add' ? flags | bits : flags & ~bits;
}

/** Keywords repeat: each text that occurs is worked out once. */
function keywordChanger(mode: FlagChange['mode'], keywords: readonly string[]): (before: string) => string {
  if (keywords.length === 0) return mode === 'replace' ? () => '' : (before) => before;
  const text = mode === 'remove' ? keywordText : newKeywordText;
  const given = text(keywords);
  if (mode === 'replace') return () => given;
  const keys = new Set(keywords.map(keywordKey));
  const known = new Map<string, string>();
  return (before) => {
    let after = known.get(before);
    if (after === undefined) {
      const has = before === '' ? [] : before.split(' ');
      after = text(mode === 'add' ? [...has, ...keywords] : has.filter((keyword) => !keys.has(keywordKey(keyword))));
      known.set(before, after);
    }
    return after;
  };
}
