import type { MailboxId } from '#lib/ids';
import type { Part } from '#lib/mime';
import type { TextCondition } from '#lib/search';
import { cachedFieldCode, type HeaderCache } from '#mail/header-cache';
import type { EventLoop } from '#ports/event-loop';
import type { AccountSearch } from './account-search.ts';
import { searchColumn } from './field-search.ts';
import { needleOf } from './fold.ts';
import { searchLimits } from './limits.ts';
import { narrowed } from './narrow.ts';
import { TextMatcher } from './text-matcher.ts';

/** Messages that are looked into at a time. */
const searchBatch = 16;
/** So few messages are read as fast as an index is asked. */
const fewMessages = 8;

/** Parts of an account that searches use. */
export interface SearchedAccount {
  readonly headers: HeaderCache;
  readonly search: AccountSearch;
  readonly loop: EventLoop;
}

/** A message's bytes. */
export interface SearchedContent {
  readonly headerSizeBytes: number;
  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array>;
}

/** A mailbox in which is searched, and the reader of the messages that blocks say nothing about. */
export interface TextSource {
  readonly account: SearchedAccount;
  readonly mailbox: MailboxId;
  /** The UIDs of all its messages. */
  readonly uids: () => Uint32Array;
  contents(uids: Uint32Array, want: 'header' | 'all'): Promise<(SearchedContent | null)[]>;
  structures(uids: Uint32Array): Promise<(() => Promise<Part | null>)[]>;
}

/** Arguments of a search beside the texts. */
export interface MatchOptions {
  readonly signal: AbortSignal;
  /** The index was asked already. */
  readonly isNarrowed?: boolean;
  /** Called for a message that cannot be read, with the error; throws it when it is about something else. */
  readonly onFailure: (uid: number, error: unknown) => void;
}

/** Returns those of ascending UIDs whose messages match all keys, ascending. */
export async function matchText(
  source: TextSource,
  uids: Uint32Array,
  keys: readonly TextCondition[],
  options: MatchOptions,
): Promise<Uint32Array> {
  const codes = keys.map((key) => (key.kind === 'header' ? cachedFieldCode(key.name) : null));
  if (codes.includes(null)) {
    const left = options.isNarrowed === true ? uids : await narrow(source, uids, keys);
    return await matchMessages(source, left, keys, options);
  }
  const { found, left } = await matchBlocks(source, uids, keys, codes as readonly number[], options);
  if (left.length === 0) return Uint32Array.from(found);
  const more = await matchMessages(source, Uint32Array.from(left), keys, options);
  return Uint32Array.from([...found, ...more]).sort();
}

/** Leaves those out that the index of the account rules out. */
async function narrow(
  { account: { search }, mailbox }: TextSource,
  uids: Uint32Array,
  keys: readonly TextCondition[],
): Promise<Uint32Array> {
  if (uids.length < fewMessages) return uids;
  const needles = keys.map(({ value }) => needleOf(value));
  const matches = await search.candidates(needles, 0, Number.MAX_SAFE_INTEGER);
  return matches === null ? uids : narrowed(uids, await search.emailIds.of(mailbox, uids), matches);
}

/** Looks for keys about fields in blocks. @returns the messages that match, and those that must be read themselves. */
async function matchBlocks(
  { account, mailbox, uids: all }: TextSource,
  uids: Uint32Array,
  keys: readonly TextCondition[],
  codes: readonly number[],
  { signal }: MatchOptions,
): Promise<{ readonly found: readonly number[]; readonly left: readonly number[] }> {
  const needles = keys.map(({ value }) => needleOf(value));
  const found: number[] = [];
  const left: number[] = [];
  let from = 0;
  const wanted = { facts: false, order: false, fields: [...new Set(codes)], isComplete: true };
  for await (const { messages, columns } of account.headers.blocks(mailbox, all(), uids, wanted)) {
    signal.throwIfAborted();
    const { uids: listed, isLeftOut } = messages;
    let isAsked = new Uint8Array(listed.length);
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
      const matches = new Uint8Array(listed.length);
      if (column !== undefined) {
        for (const _piece of searchColumn(column, needle, isAsked, matches)) {
          const pause = account.loop.pause();
          if (pause !== null) await pause;
        }
      }
      // The next key is about those that match this one.
      isAsked = isAsked.map((asked, i) => asked & (matches[i] ?? 0));
    }
    for (let i = isAsked.indexOf(1); i >= 0; i = isAsked.indexOf(1, i + 1)) found.push(listed[i] ?? 0);
    await account.loop.pause();
  }
  for (; from < uids.length; from++) left.push(uids[from] ?? 0);
  return { found, left };
}

async function matchMessages(
  source: TextSource,
  uids: Uint32Array,
  keys: readonly TextCondition[],
  { signal, onFailure }: MatchOptions,
): Promise<Uint32Array> {
  const found: number[] = [];
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
        const matches = await matcher.match({
          header: await content.bytes(0, Math.min(content.headerSizeBytes, searchLimits.maxHeaderBytes)),
          root: (await structures[i]?.()) ?? null,
          bytes: (start, end) => content.bytes(start, end),
        });
        if (matches.every(Boolean)) found.push(uid);
      } catch (error) {
        onFailure(uid, error);
      }
      await source.account.loop.pause();
    }
  }
  return Uint32Array.from(found);
}
