import type { Part } from '#lib/mime';
import { cachedFieldCode } from '#mail/header-cache';
import { needleOf, searchColumn, searchLimits, TextMatcher } from '#mail/search';
import { Unreadable, type ReadableMessage, type TextKey } from '#proto/imap-server';
import type { ListedMailbox } from './header-fields.ts';

/** Messages that are looked into at a time. */
const searchBatch = 16;

/** Reader of the messages that blocks say nothing about. */
export interface SearchSource extends ListedMailbox {
  contents(uids: Uint32Array, want: 'header' | 'all'): Promise<(ReadableMessage | null)[]>;
  structures(uids: Uint32Array): Promise<(() => Promise<Part | null>)[]>;
}

/** For each key the UIDs that match, as `SelectedMailbox.matchText`. */
export async function matchText(
  source: SearchSource,
  uids: Uint32Array,
  keys: readonly TextKey[],
  signal: AbortSignal,
  onUnreadable: (uid: number, error: Unreadable) => void,
): Promise<number[][]> {
  const matches: number[][] = keys.map(() => []);
  const codes = keys.map((key) => (key.kind === 'header' ? cachedFieldCode(key.name) : null));
  if (codes.includes(null)) {
    await matchMessages(source, uids, keys, matches, signal, onUnreadable);
    return matches;
  }
  const left = await matchBlocks(source, uids, keys, codes as readonly number[], matches, signal);
  if (left.length === 0) return matches;
  await matchMessages(source, Uint32Array.from(left), keys, matches, signal, onUnreadable);
  return matches.map((list) => list.toSorted((a, b) => a - b));
}

/** Looks for keys about fields in blocks. @returns the messages that must be read themselves. */
async function matchBlocks(
  { account, mailbox, uids: all }: SearchSource,
  uids: Uint32Array,
  keys: readonly TextKey[],
  codes: readonly number[],
  matches: readonly number[][],
  signal: AbortSignal,
): Promise<number[]> {
  const needles = keys.map(({ value }) => needleOf(value));
  const left: number[] = [];
  let from = 0;
  const wanted = { facts: false, order: false, fields: [...new Set(codes)], isComplete: true };
  for await (const { messages, columns } of account.headers.blocks(mailbox, all(), uids, wanted)) {
    signal.throwIfAborted();
    const { uids: listed, isLeftOut } = messages;
    const isAsked = new Uint8Array(listed.length);
    const first = from;
    let at = 0;
    for (; from < uids.length && (uids[from] ?? 0) <= (listed.at(-1) ?? 0); from++) {
      const uid = uids[from] ?? 0;
      while (at < listed.length && (listed[at] ?? 0) < uid) at++;
      if (listed[at] === uid && isLeftOut[at] === 0) isAsked[at] = 1;
      else left.push(uid);
    }
    if (from === first) continue;
    for (const [k, needle] of needles.entries()) {
      const column = columns.get(codes[k] ?? 0);
      if (column === undefined) continue;
      const found = new Uint8Array(listed.length);
      for (const _piece of searchColumn(column, needle, isAsked, found)) {
        const pause = account.loop.pause();
        if (pause !== null) await pause;
      }
      for (let i = found.indexOf(1); i >= 0; i = found.indexOf(1, i + 1)) {
        if (isAsked[i] === 1) matches[k]?.push(listed[i] ?? 0);
      }
      await account.loop.pause();
    }
  }
  for (; from < uids.length; from++) left.push(uids[from] ?? 0);
  return left;
}

async function matchMessages(
  source: SearchSource,
  uids: Uint32Array,
  keys: readonly TextKey[],
  matches: readonly number[][],
  signal: AbortSignal,
  onUnreadable: (uid: number, error: Unreadable) => void,
): Promise<void> {
  const matcher = new TextMatcher(keys, source.account.loop);
  const { needsBody } = matcher;
  for (let at = 0; at < uids.length; at += searchBatch) {
    signal.throwIfAborted();
    const batch = uids.subarray(at, at + searchBatch);
    const contents = await source.contents(batch, needsBody ? 'all' : 'header');
    const structures = needsBody ? await source.structures(batch) : [];
    for (const [i, content] of contents.entries()) {
      if (content === null) continue;
      const uid = batch[i] ?? 0;
      try {
        const found = await matcher.match({
          header: await content.bytes(0, Math.min(content.headerSizeBytes, searchLimits.maxHeaderBytes)),
          root: (await structures[i]?.()) ?? null,
          bytes: (start, end) => content.bytes(start, end),
        });
        for (const [k, isMatch] of found.entries()) if (isMatch) matches[k]?.push(uid);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        onUnreadable(uid, error);
      }
      await source.account.loop.pause();
    }
  }
}
