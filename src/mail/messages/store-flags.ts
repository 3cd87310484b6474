import { keywordKey } from '#lib/flags';
import type { AccountId, MailboxId } from '#lib/ids';
import { advance } from '#mail/changes';
import { moveCounters, type CounterChange } from '#mail/mailboxes';
import type { Tx } from '#ports/database';
import { counted, summed } from './counters.ts';
import { keywordText, newKeywordText, spelledKeywords } from './keyword-rows.ts';
import { selectPlaces, updateFlags } from './message-rows.ts';
import type { FlagChange, Logged, Place, Stored } from './message.ts';

interface Group {
  readonly flags: number;
  readonly keywords: string;
  readonly uids: number[];
}

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
  const groups = new Map<string, Group>();
  const counters: CounterChange[] = [];
  const changed: number[] = [];
  const modified: number[] = [];
  const { mode } = change;
  const named = mode === 'remove' ? change.keywords : await spelledKeywords(tx, account, change.keywords);
  const keywordsAfter = keywordChanger(mode, named);
  for (const place of await selectPlaces(tx, account, mailbox, uids)) {
    if (unchangedSince !== null && place.modSeq > unchangedSince) {
      modified.push(place.uid);
      continue;
    }
    const flags = bitsAfter(place.flags, change);
    const keywords = keywordsAfter(place.keywords);
    if (flags === place.flags && keywords === place.keywords) continue;
    changed.push(place.uid);
    if (flags !== place.flags) counters.push(counted(place, -1), counted({ ...place, flags }));
    const key = `${flags} ${keywords}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { flags, keywords, uids: [place.uid] });
    else group.uids.push(place.uid);
  }
  if (changed.length === 0) return { modSeq: null, changed, modified };
  const { modSeq } = await advance(tx, account);
  for (const { flags, keywords, uids: group } of groups.values()) {
    await updateFlags(tx, account, mailbox, group, { flags, keywords, modSeq });
  }
  await moveCounters(tx, account, mailbox, modSeq, summed(counters));
  return { modSeq, changed, modified };
}

function bitsAfter(flags: Place['flags'], { mode, bits }: FlagChange): number {
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
