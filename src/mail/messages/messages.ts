import { hasKeywordRoom } from './keyword-rows.ts';
import type { AccountId, ContentId, MailboxId, ModSeq } from '#lib/ids';
import { accountTopic, currentModSeq } from '#mail/changes';
import { dropHeaderBlocks } from '#mail/header-cache';
import type { MailboxContents } from '#mail/mailboxes';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import { AppendQueue } from './append-queue.ts';
import { appendMessages, targetMailbox } from './append.ts';
import { addMessages, makeChanges } from './changes-together.ts';
import { EmailEraser } from './email-eraser.ts';
import { messageLimits } from './limits.ts';
import { deletedUids, firstPlaces } from './message-rows.ts';
import type {
  Addition,
  Appended,
  Copied,
  FlagChange,
  Logged,
  NewMessage,
  PlaceChange,
  Removed,
  Stored,
  Target,
  Together,
} from './message.ts';
import { expungeMessages, removeFirst, removeMessages } from './removal.ts';
import { finishStage, openStage, stageCopies } from './staged-copy.ts';
import { storeFlags } from './store-flags.ts';
import { copyMessages, moveBetween, moveMessages } from './transfer.ts';
import { uidBatches } from './uid-batches.ts';

/** Dependencies of `Messages`. */
export interface MessagesDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Most messages that one transaction changes, but for the last of a long COPY; default `messageLimits.batchMessages`. */
  readonly batchMessages?: number;
}

/**
 * Changes the messages of one account. What a method did is durable when it resolves; lists of UIDs are ascending, and UIDs that do not
 * exist are passed over. Missing mailboxes throw MailboxRefusal NONEXISTENT.
 *
 * `append` and `copy` are one change with one MODSEQ, all or nothing. `store`, `expunge`, `remove` and `move` work in batches, each a
 * transaction with its MODSEQ, so that other writers and the event loop are served between them: each message changes wholly or not at all,
 * but when a batch fails those before it stay, and the method rejects. `together` makes any of these changes in one transaction.
 */
export class Messages implements MailboxContents, Disposable {
  readonly #deps: MessagesDeps;
  readonly #appends: AppendQueue;
  readonly #eraser: EmailEraser;
  /** Mailboxes by which copies are under way. */
  readonly #stages = new Set<MailboxId>();

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
    const { account, db, clock } = deps;
    this.#eraser = new EmailEraser({ account, db, clock });
    this.#appends = new AppendQueue((target, messages) =>
      this.#write((tx) => appendMessages(tx, account, target, messages, clock.now())),
    );
  }

  /** Adds messages in order, each with its content, all or nothing. Calls for one mailbox at one time may share a transaction and its MODSEQ. */
  append(target: Target, messages: readonly NewMessage[]): Promise<Appended> {
    return this.#appends.append(target, messages);
  }

  /** Adds one message to several mailboxes at once. @returns its email, and the MODSEQs of the account before and after. */
  async add(
    message: NewMessage,
    mailboxes: readonly MailboxId[],
  ): Promise<{ readonly id: ContentId; readonly before: ModSeq; readonly after: ModSeq }> {
    const { before, after, added } = await this.together([], () => Promise.resolve(), [{ message, mailboxes }]);
    return { id: added[0] ?? (0 as ContentId), before, after };
  }

  /** Reports whether the account has a message with this Message-ID (without angle brackets), in any mailbox. */
  async hasMessageId(messageId: string): Promise<boolean> {
    const { account, db } = this.#deps;
    const row = await db.read((reader) =>
      reader.get(
        sql`SELECT e.id FROM email AS e WHERE e.account = ${account} AND e.message_id = ${messageId}
          AND NOT EXISTS (SELECT 1 FROM expunged_email AS x WHERE x.account = e.account AND x.id = e.id) LIMIT 1`,
      ),
    );
    return row !== undefined;
  }

  /** Reports whether messages may get a keyword that the account does not have yet. */
  takesKeywords(): Promise<boolean> {
    const { account, db } = this.#deps;
    return db.read((reader) => hasKeywordRoom(reader, account));
  }

  /** Returns all keywords that the account ever used, each as `keywordKey` compares it. */
  async keywords(): Promise<string[]> {
    const { account, db } = this.#deps;
    const rows = await db.read((reader) => reader.arrays(sql`SELECT folded FROM keyword WHERE account = ${account}`));
    return rows.map(([folded]) => String(folded));
  }

  /** Changes flags (RFC 9051 §6.4.6), conditionally with `unchangedSince`, which is atomic for each message (RFC 7162 §3.1.3). */
  async store(
    mailbox: MailboxId,
    uids: ArrayLike<number>,
    change: FlagChange,
    unchangedSince: ModSeq | 0 | null = null,
  ): Promise<Stored> {
    const { account, batchMessages = messageLimits.storeMessages } = this.#deps;
    const batches = await this.#inBatches(
      uids,
      (tx, batch) => storeFlags(tx, account, mailbox, batch, change, unchangedSince),
      batchMessages,
    );
    return {
      modSeqs: batches.flatMap(({ modSeq }) => modSeq ?? []),
      changed: batches.flatMap(({ changed }) => changed),
      modified: batches.flatMap(({ modified }) => modified),
    };
  }

  /** Removes messages with \Deleted, all that have it now or those among `uids`. The space that they take is freed a little later. */
  async expunge(mailbox: MailboxId, uids: ArrayLike<number> | null): Promise<Removed> {
    const { account, db, clock } = this.#deps;
    const nowMs = clock.now();
    const wanted = uids ?? (await db.read((reader) => deletedUids(reader, account, mailbox)));
    return await this.#removeEach(wanted, (tx, batch) => expungeMessages(tx, account, mailbox, batch, nowMs));
  }

  /** Removes messages whatever their flags. The space that they take is freed a little later. */
  async remove(mailbox: MailboxId, uids: ArrayLike<number>): Promise<Removed> {
    const { account, clock } = this.#deps;
    const nowMs = clock.now();
    return await this.#removeEach(uids, (tx, batch) => removeMessages(tx, account, mailbox, batch, nowMs));
  }

  /**
   * Copies messages; the copies share the stored bytes. They are seen all at once: a failed COPY leaves the target as it was
   * (RFC 9051 §6.4.7), also when the server dies in it.
   */
  async copy(
    from: MailboxId,
    uids: ArrayLike<number>,
    target: Target,
    batchMessages: number = this.#deps.batchMessages ?? messageLimits.longMessages,
  ): Promise<Copied> {
    const { account, clock } = this.#deps;
    const nowMs = clock.now();
    if (uids.length <= batchMessages)
      return await this.#write((tx) => copyMessages(tx, account, from, uids, target, nowMs));
    return await this.#copyMany(from, uids, target, nowMs, batchMessages);
  }

  async #copyMany(
    from: MailboxId,
    uids: ArrayLike<number>,
    target: Target,
    nowMs: number,
    batchMessages: number,
  ): Promise<Copied> {
    const { account, db } = this.#deps;
    const stage = await db.write(async (tx) => {
      const opened = await openStage(tx, account, target);
      this.#stages.add(opened.stage);
      return opened;
    });
    try {
      const staged: number[] = [];
      for (const batch of uidBatches(uids, batchMessages)) {
        const at = { stage: stage.stage, done: staged.length };
        staged.push(...(await db.write((tx) => stageCopies(tx, account, from, batch, at, nowMs))));
      }
      return await this.#write((tx) => finishStage(tx, account, stage, staged, nowMs));
    } catch (error) {
      // No session has seen them; what cannot be removed now, `Mailboxes.finishDeletions` removes.
      await this.removeAll(stage.stage).catch(() => undefined);
      throw error;
    } finally {
      this.#stages.delete(stage.stage);
    }
  }

  /** Moves messages, each wholly or not at all (RFC 6851 §3.3); also within one mailbox, where they get new UIDs. */
  async move(from: MailboxId, uids: ArrayLike<number>, target: Target): Promise<Copied> {
    const { account, db, clock } = this.#deps;
    const nowMs = clock.now();
    // All batches go to this mailbox, not to another that gets its name meanwhile.
    const { id, uidValidity } = await db.read((reader) => targetMailbox(reader, account, target));
    const batches = await this.#inBatches(uids, (tx, batch) => moveMessages(tx, account, from, batch, { id }, nowMs));
    return {
      uidValidity,
      from: batches.flatMap((batch) => batch.from),
      to: batches.flatMap((batch) => batch.to),
    };
  }

  /**
   * Adds messages and then makes changes, each in their order, in one transaction: all or nothing, whatever their number.
   * @param check  Runs first in the transaction, and throws when the changes do not fit any more.
   */
  async together(
    changes: readonly PlaceChange[],
    check: (tx: Tx) => Promise<void>,
    additions: readonly Addition[] = [],
  ): Promise<Together> {
    const { account, db, bus, clock } = this.#deps;
    // Only copies and new messages need space that is not there yet.
    const isGrowing = additions.length > 0 || changes.some(({ kind }) => kind === 'copy');
    const made = await db.write(
      async (tx) => {
        await check(tx);
        const before = await currentModSeq(tx, account);
        const added = await addMessages(tx, account, additions, clock.now());
        const isChanged = await makeChanges(tx, account, changes, clock.now());
        if (isChanged || added.length > 0) tx.afterCommit(() => bus.publish(accountTopic(account)));
        return { before, added, after: await currentModSeq(tx, account) };
      },
      isGrowing ? undefined : 'reserve',
    );
    if (changes.some(({ kind }) => kind === 'remove')) this.#eraser.schedule();
    const { before, added, after } = made;
    if (before === null || after === null) throw new Error(`account ${account} has no state`);
    return { before, added, after };
  }

  /** Reports whether a copy is under way by this mailbox, which is gone from the beginning. */
  isFilling(mailbox: MailboxId): boolean {
    return this.#stages.has(mailbox);
  }

  /** As MailboxContents says. No session sees the messages any longer, so no hint reports their removal. */
  async removeAll(mailbox: MailboxId): Promise<void> {
    const { account, db, clock, batchMessages = messageLimits.longMessages } = this.#deps;
    for (let more = true; more;) {
      more = await db.write((tx) => removeFirst(tx, account, mailbox, batchMessages, clock.now()), 'reserve');
    }
    await db.write((tx) => dropHeaderBlocks(tx, account, mailbox), 'reserve');
    this.#eraser.schedule();
  }

  /** Removes at once the rows and bytes of emails that are in no mailbox anymore. @returns how many emails went. */
  eraseExpunged(): Promise<number> {
    return this.#eraser.erase();
  }

  /** Ends work in the background; what it leaves, `eraseExpunged` does after the next start. */
  [Symbol.dispose](): void {
    this.#eraser[Symbol.dispose]();
  }

  /** As MailboxContents says. In the caller's one transaction, some at a time for the event loop. */
  async moveAll(tx: Tx, from: MailboxId, to: MailboxId, modSeq: ModSeq): Promise<void> {
    const { account, clock } = this.#deps;
    for (let places; (places = await firstPlaces(tx, account, from, messageLimits.readMessages)).length > 0;)
      await moveBetween(tx, account, { from, to }, places, modSeq, clock.now());
    await dropHeaderBlocks(tx, account, from);
  }

  async #removeEach(
    uids: ArrayLike<number>,
    work: (tx: Tx, batch: readonly number[]) => Promise<Removed & Logged>,
  ): Promise<Removed> {
    try {
      const batches = await this.#inBatches(uids, work);
      return { uids: batches.flatMap((batch) => batch.uids) };
    } finally {
      this.#eraser.schedule();
    }
  }

  /** Runs `work` for each batch of `uids` in a transaction of its own. One hint announces all that was done, also when a batch fails. */
  async #inBatches<T extends Logged>(
    uids: ArrayLike<number>,
    work: (tx: Tx, batch: readonly number[]) => Promise<T>,
    batchMessages = this.#deps.batchMessages ?? messageLimits.batchMessages,
  ): Promise<T[]> {
    const { account, db, bus } = this.#deps;
    const results: T[] = [];
    try {
      // Flags, removal and moving to another mailbox are how clients make room: they work on a full disk, too.
      for (const batch of uidBatches(uids, batchMessages)) {
        results.push(await db.write((tx) => work(tx, batch), 'reserve'));
      }
    } finally {
      if (results.some(({ modSeq }) => modSeq !== null)) bus.publish(accountTopic(account));
    }
    return results;
  }

  #write<T extends Logged>(body: (tx: Tx) => Promise<T>): Promise<T> {
    const { account, db, bus } = this.#deps;
    return db.write(async (tx) => {
      const result = await body(tx);
      if (result.modSeq !== null) tx.afterCommit(() => bus.publish(accountTopic(account)));
      return result;
    });
  }
}
