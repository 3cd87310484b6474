import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { accountTopic } from '#mail/changes';
import type { MailboxContents } from '#mail/mailboxes';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import { AppendQueue } from './append-queue.ts';
import { appendMessages } from './append.ts';
import { selectPlaces } from './message-rows.ts';
import type { Appended, Copied, FlagChange, NewMessage, Stored, Target } from './message.ts';
import { expungeMessages, removeMessages, removePlaces } from './removal.ts';
import { storeFlags } from './store-flags.ts';
import { copyMessages, movePlaces, moveMessages } from './transfer.ts';

/** What `Messages` needs. */
export interface MessagesDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** UIDs that went, and the MODSEQ of that; null when nothing did. */
export interface Removed {
  readonly modSeq: ModSeq | null;
  readonly uids: readonly number[];
}

/**
 * Changes the messages of one account. Each method is one transaction with one MODSEQ, all or nothing, durable when it resolves;
 * lists of UIDs are ascending, and UIDs that do not exist are passed over. Missing mailboxes throw MailboxRefusal NONEXISTENT.
 */
export class Messages implements MailboxContents {
  readonly #deps: MessagesDeps;
  readonly #appends: AppendQueue;

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
    const { account, clock } = deps;
    this.#appends = new AppendQueue((target, messages) =>
      this.#write((tx) => appendMessages(tx, account, target, messages, clock.now())),
    );
  }

  /** Adds messages in order, each with its content, all or nothing. Calls for one mailbox at one time may share a transaction and its MODSEQ. */
  append(target: Target, messages: readonly NewMessage[]): Promise<Appended> {
    return this.#appends.append(target, messages);
  }

  /** Whether the account has a message with this Message-ID (without angle brackets), in any mailbox. */
  async hasMessageId(messageId: string): Promise<boolean> {
    const { account, db } = this.#deps;
    const row = await db.read((reader) =>
      reader.get(sql`SELECT id FROM email WHERE account = ${account} AND message_id = ${messageId} LIMIT 1`),
    );
    return row !== undefined;
  }

  /** Changes flags (RFC 9051 §6.4.6), conditionally with `unchangedSince` (RFC 7162 §3.1.3). */
  store(
    mailbox: MailboxId,
    uids: ArrayLike<number>,
    change: FlagChange,
    unchangedSince: ModSeq | 0 | null = null,
  ): Promise<Stored> {
    return this.#write((tx) => storeFlags(tx, this.#deps.account, mailbox, uids, change, unchangedSince));
  }

  /** Removes messages with \Deleted, all or those among `uids`. */
  expunge(mailbox: MailboxId, uids: ArrayLike<number> | null): Promise<Removed> {
    const nowMs = this.#deps.clock.now();
    return this.#write((tx) => expungeMessages(tx, this.#deps.account, mailbox, uids, nowMs));
  }

  /** Removes messages whatever their flags. */
  remove(mailbox: MailboxId, uids: ArrayLike<number>): Promise<Removed> {
    const nowMs = this.#deps.clock.now();
    return this.#write((tx) => removeMessages(tx, this.#deps.account, mailbox, uids, nowMs));
  }

  /** Copies messages; the copies share the stored bytes. */
  copy(from: MailboxId, uids: ArrayLike<number>, target: Target): Promise<Copied> {
    const nowMs = this.#deps.clock.now();
    return this.#write((tx) => copyMessages(tx, this.#deps.account, from, uids, target, nowMs));
  }

  /** Moves messages; also within one mailbox, where they get new UIDs. */
  move(from: MailboxId, uids: ArrayLike<number>, target: Target): Promise<Copied> {
    const nowMs = this.#deps.clock.now();
    return this.#write((tx) => moveMessages(tx, this.#deps.account, from, uids, target, nowMs));
  }

  async removeAll(tx: Tx, mailbox: MailboxId, modSeq: ModSeq): Promise<void> {
    const { account, clock } = this.#deps;
    const places = await selectPlaces(tx, account, mailbox, null);
    await removePlaces(tx, account, mailbox, places, modSeq, clock.now());
  }

  async moveAll(tx: Tx, from: MailboxId, to: MailboxId, modSeq: ModSeq): Promise<void> {
    const { account, clock } = this.#deps;
    const places = await selectPlaces(tx, account, from, null);
    await movePlaces(tx, account, { from, to }, places, modSeq, clock.now());
  }

  #write<T extends { readonly modSeq: ModSeq | null }>(body: (tx: Tx) => Promise<T>): Promise<T> {
    const { account, db, bus } = this.#deps;
    return db.write(async (tx) => {
      const result = await body(tx);
      if (result.modSeq !== null) tx.afterCommit(() => bus.publish(accountTopic(account)));
      return result;
    });
  }
}
