import { Mutex } from '#lib/mutex';
import type { AccountId } from '#lib/ids';
import { accountTopic } from '#mail/changes';
import { emailContents, EmailIds, type EmailContent } from '#mail/messages';
import type { BlobStore } from '#ports/blobs';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import { ConditionError } from '#ports/conditions';
import type { Database } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type {
  IndexedDocument,
  IndexFacts,
  IndexMatches,
  IndexPosition,
  SearchIndex,
  WordPattern,
} from '#ports/search-index';
import type { Needle } from './fold.ts';
import { countBehind, isOwnPosition, newsBehind } from './index-log.ts';
import { feedingLimits } from './limits.ts';
import { messageWords } from './message-words.ts';
import { patternsOf } from './words.ts';

/** Dependencies of `AccountSearch`. */
export interface AccountSearchDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly loop: EventLoop;
  readonly log: Log;
  /** Null without an index: then every message is read. */
  readonly index: SearchIndex | null;
  /** Accounts are fed one after the other. */
  readonly turns: Mutex;
}

/** State of an index for operators. */
interface IndexState extends IndexFacts {
  /** Messages that are not in it yet, and are read by each search. */
  readonly waiting: number;
}

/**
 * The index of an account's words: what it says about a search, and how it is fed. New messages go into it some time after they came, in the background;
 * until then searches read them. What fails is left for later, because every answer is right without it.
 */
export class AccountSearch implements Disposable {
  /** Emails behind UIDs. */
  readonly emailIds: EmailIds;
  readonly #deps: AccountSearchDeps;
  readonly #ending = new AbortController();
  readonly #subscription: Disposable | null;
  readonly #steps = new Mutex();
  #timer: Disposable | null = null;
  #feeding: Promise<void> | null = null;
  /** Something changed since feeding began. */
  #isBehind = false;
  /** Resolves when the index is known to go with the messages. */
  #checking: Promise<void> | null = null;

  constructor(deps: AccountSearchDeps) {
    this.#deps = deps;
    this.emailIds = new EmailIds(deps);
    const { account, bus, index } = deps;
    this.#subscription = index === null ? null : bus.subscribe(accountTopic(account), () => this.#schedule());
    if (index !== null) this.#schedule();
  }

  /** Returns the messages with ids from `from` to `to` that may contain all of these texts; null when the index cannot narrow them. */
  async candidates(needles: readonly Needle[], from: number, to: number): Promise<IndexMatches | null> {
    const { index } = this.#deps;
    const patterns = needles.flatMap(({ text }) => patternsOf(text));
    return index === null || patterns.length === 0 ? null : await this.#find(index, patterns, from, to);
  }

  async #find(
    index: SearchIndex,
    patterns: readonly WordPattern[],
    from: number,
    to: number,
  ): Promise<IndexMatches | null> {
    try {
      await this.#checked(index);
      return await index.find(patterns, from, to);
    } catch (error) {
      this.#report(error);
      return null;
    }
  }

  /** Feeds the index until nothing is left to do. */
  async catchUp(): Promise<void> {
    await this.#feed(false);
  }

  /** Empties the index and begins to make it anew. @returns false without one. */
  async rebuild(): Promise<boolean> {
    const { index } = this.#deps;
    if (index === null) return false;
    await index.drop();
    this.#schedule();
    return true;
  }

  /** Returns the state of the index; null without one. */
  async state(): Promise<IndexState | null> {
    const { account, db, index } = this.#deps;
    if (index === null) return null;
    const [facts, position] = [await index.facts(), await index.position()];
    const waiting = await db.read((reader) => countBehind(reader, account, position?.lastId ?? 0));
    return { documents: facts?.documents ?? 0, sizeBytes: facts?.sizeBytes ?? 0, waiting };
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
    this.emailIds[Symbol.dispose]();
    this.#subscription?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  /** Feeds soon, with what follows shortly. */
  #schedule(): void {
    this.#isBehind = true;
    if (this.#timer !== null || this.#feeding !== null || this.#ending.signal.aborted) return;
    this.#timer = this.#deps.clock.timer(feedingLimits.settleMs, () => {
      this.#timer = null;
      this.#isBehind = false;
      this.#feeding = this.#deps.turns
        .run(() => this.#feed(true))
        .catch((error: unknown) => this.#report(error))
        .finally(() => {
          this.#feeding = null;
          if (this.#isBehind) this.#schedule();
        });
    });
  }

  async #feed(isPaced: boolean): Promise<void> {
    const { index, clock } = this.#deps;
    const { signal } = this.#ending;
    if (index === null) return;
    await this.#checked(index);
    let modSeq = 0;
    while (!signal.aborted) {
      const began = clock.monotonic();
      const step = await this.#steps.run(() => this.#step(index));
      if (step === null) return;
      if (!isPaced) continue;
      // Where the log goes on meanwhile, others are at work who come first.
      const share = step === modSeq || modSeq === 0 ? feedingLimits.quietShare : feedingLimits.busyShare;
      modSeq = step;
      const waitMs = Math.max(feedingLimits.minPauseMs, (clock.monotonic() - began) * (1 / share - 1));
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** Feeds some messages. @returns the MODSEQ of the account then, null when nothing was left. */
  async #step(index: SearchIndex): Promise<number | null> {
    const { account, db } = this.#deps;
    const position = await index.position();
    const { come, gone, modSeq } = await db.read((reader) =>
      newsBehind(reader, account, position, feedingLimits.messages),
    );
    await db.durable();
    if (come.length === 0 && gone.length === 0) return null;
    let bytes = 0;
    const taken = come.filter(({ sizeBytes }, i) => {
      const isTaken = i === 0 || bytes + sizeBytes <= feedingLimits.bytes;
      bytes += sizeBytes;
      return isTaken;
    });
    const added = await this.#documents(taken.map(({ id }) => id));
    const last = taken.at(-1) ?? { id: position?.lastId ?? 0, stamp: position?.stamp ?? '' };
    await index.write({ added, removed: gone, position: { lastId: last.id, modSeq, stamp: last.stamp } });
    return modSeq;
  }

  async #documents(ids: readonly number[]): Promise<IndexedDocument[]> {
    const documents: IndexedDocument[] = [];
    for (const message of await emailContents(this.#deps, ids))
      documents.push({ id: message.id, words: await this.#wordsOf(message) });
    return documents;
  }

  /** Null for a message that cannot be read: searches look at it themselves, and report what is wrong. */
  async #wordsOf(message: EmailContent): Promise<string | null> {
    try {
      return await messageWords(message, this.#deps.loop);
    } catch (error) {
      if (this.#ending.signal.aborted) throw error;
      return null;
    }
  }

  /** Drops an index that goes with other data. */
  async #checked(index: SearchIndex): Promise<void> {
    this.#checking ??= this.#check(index).catch((error: unknown) => {
      this.#checking = null;
      throw error;
    });
    await this.#checking;
  }

  async #check(index: SearchIndex): Promise<void> {
    const { account, db } = this.#deps;
    const position: IndexPosition | null = await index.position();
    if (position === null) return;
    if (await db.read((reader) => isOwnPosition(reader, account, position))) return;
    this.#deps.log.warn('searchIndex.dropped', { account, reason: 'it goes with other data' });
    await index.drop();
  }

  #report(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    // Conditions of the machine are reported where they are noticed; the next change tries again.
    if (error instanceof ConditionError) return;
    this.#deps.log.warn('searchIndex.failed', { account: this.#deps.account, reason: String(error) });
  }
}
