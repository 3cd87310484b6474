import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { accountTopic } from '#mail/changes';
import type { Bus } from '#ports/bus';
import { ConditionError } from '#ports/conditions';
import type { Database, Tx, WriteSpace } from '#ports/database';
import { MailboxEditor } from './mailbox-editor.ts';
import { normalizeMailboxName } from './mailbox-name.ts';
import { MailboxRefusal } from './mailbox-refusal.ts';
import {
  clearCounters,
  leavingMailboxes,
  liveMailboxes,
  mailboxById,
  mailboxByName,
  subscriptions,
  totalSizeBytes,
} from './mailbox-rows.ts';
import type { Mailbox, MailboxListing } from './mailbox.ts';
import type { SpecialUse } from './special-use.ts';

/** Operations on messages that mailbox commands need; implemented by #mail/messages. */
export interface MailboxContents {
  /** Removes all messages of a deleted mailbox, in its own transactions. */
  removeAll(mailbox: MailboxId): Promise<void>;
  /** Reports whether a deleted mailbox is a stage whose messages are on their way into another: they must stay. */
  isFilling(mailbox: MailboxId): boolean;
  /** Moves all messages of one mailbox to another, with new UIDs. */
  moveAll(tx: Tx, from: MailboxId, to: MailboxId, modSeq: ModSeq): Promise<void>;
}

/** Dependencies of `Mailboxes`. */
export interface MailboxesDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly bus: Bus;
  readonly contents: MailboxContents;
}

/** The mailboxes of one account. Normalises names. Methods that change throw MailboxRefusal when they refuse, and are durable when they resolve. */
export class Mailboxes {
  readonly #deps: MailboxesDeps;

  constructor(deps: MailboxesDeps) {
    this.#deps = deps;
  }

  /** Lists all mailboxes and subscribed names: INBOX first, then in code point order. */
  async list(): Promise<MailboxListing[]> {
    const { account, db } = this.#deps;
    const [mailboxes, subscribed] = await db.read(async (reader) => [
      await liveMailboxes(reader, account),
      await subscriptions(reader, account),
    ]);
    await db.durable();
    const listings = new Map<string, MailboxListing>();
    for (const mailbox of mailboxes) listings.set(mailbox.name, { name: mailbox.name, mailbox, subscribed: false });
    for (const name of subscribed) {
      listings.set(name, { name, mailbox: listings.get(name)?.mailbox ?? null, subscribed: true });
    }
    return [...listings.values()].toSorted((a, b) => compareNames(a.name, b.name));
  }

  /** Returns the mailbox of a name with its counters; null when there is none, also for invalid names. */
  async byName(name: string): Promise<Mailbox | null> {
    const normalized = normalizedOrNull(name);
    if (normalized === null) return null;
    const { account, db } = this.#deps;
    const mailbox = await db.read((reader) => mailboxByName(reader, account, normalized));
    await db.durable();
    return mailbox;
  }

  /** Does as `byName` for several names, from one snapshot. */
  async byNames(names: readonly string[]): Promise<(Mailbox | null)[]> {
    const { account, db } = this.#deps;
    const mailboxes = await db.read(async (reader) => {
      const found: (Mailbox | null)[] = [];
      for (const name of names) {
        const normalized = normalizedOrNull(name);
        found.push(normalized === null ? null : await mailboxByName(reader, account, normalized));
      }
      return found;
    });
    await db.durable();
    return mailboxes;
  }

  /** Returns the mailbox with an id; null when it does not exist any more. */
  async byId(id: MailboxId): Promise<Mailbox | null> {
    const { account, db } = this.#deps;
    const mailbox = await db.read((reader) => mailboxById(reader, account, id));
    await db.durable();
    return mailbox;
  }

  /** Returns the mailbox with a special use; null when none has it. */
  async bySpecialUse(use: SpecialUse): Promise<Mailbox | null> {
    const { account, db } = this.#deps;
    const all = await db.read((reader) => liveMailboxes(reader, account));
    await db.durable();
    return all.find(({ specialUse }) => specialUse.includes(use)) ?? null;
  }

  /** Sums the sizes of all messages in all mailboxes, counting each copy: the STORAGE resource of quotas (RFC 9208 §5.1). */
  async sizeBytes(): Promise<number> {
    const { account, db } = this.#deps;
    return await db.read((reader) => totalSizeBytes(reader, account));
  }

  /**
   * Creates a mailbox and missing parents (SHOULD, RFC 9051 §6.3.4); does not subscribe to it.
   * @throws MailboxRefusal CANNOT for an invalid name, ALREADYEXISTS, LIMIT, and USEATTR when another mailbox has one of the special uses: then
   * the mailbox MUST NOT be created (RFC 6154 §3).
   */
  async create(given: string, specialUse: readonly SpecialUse[] = []): Promise<Mailbox> {
    return await this.edit((editor) => editor.create(given, specialUse));
  }

  /**
   * Deletes a mailbox and its messages; subscriptions stay (RFC 9051 §6.3.7: SHOULD NOT be removed unilaterally). The mailbox is deleted at once, its
   * messages afterwards: `finishDeletions` removes those that a crash or a full disk leaves.
   * @throws MailboxRefusal NONEXISTENT, CANNOT for INBOX (RFC 9051 §6.3.5), HASCHILDREN when there are mailboxes below it (RFC 9051 §6.3.5).
   */
  async delete(given: string): Promise<void> {
    const name = existingName(given);
    await this.edit((editor) => editor.delete(name), 'reserve');
  }

  /** Removes the remaining messages of deleted mailboxes, except stages of copies in progress. @returns the number of such mailboxes. */
  async finishDeletions(): Promise<number> {
    const { account, contents, db } = this.#deps;
    const gone = await db.read((reader) => leavingMailboxes(reader, account));
    const leaving = gone.filter((id) => !contents.isFilling(id));
    for (const id of leaving) await this.#removeContents(id);
    return leaving.length;
  }

  /**
   * Renames a mailbox with all below it (MUST) and creates missing parents (SHOULD, RFC 9051 §6.3.6). Subscriptions belong to names and stay.
   * Renaming INBOX moves its messages to a new mailbox and leaves the mailboxes below it (RFC 9051 §6.3.6).
   * @throws MailboxRefusal NONEXISTENT, ALREADYEXISTS, LIMIT, and CANNOT for an invalid name or a target below the mailbox itself.
   */
  async rename(givenFrom: string, givenTo: string): Promise<void> {
    const from = existingName(givenFrom);
    await this.edit((editor) => editor.rename(from, givenTo));
  }

  /** Sets the special uses of a mailbox, and removes them from other mailboxes. @throws MailboxRefusal NONEXISTENT */
  async setSpecialUse(given: string, specialUse: readonly SpecialUse[]): Promise<void> {
    const name = existingName(given);
    await this.edit((editor) => editor.setSpecialUse(name, specialUse));
  }

  /** Subscribes or unsubscribes a name, which need not exist. @throws MailboxRefusal CANNOT for an invalid name, LIMIT for too many subscriptions. */
  async subscribe(given: string, subscribed: boolean): Promise<void> {
    await this.edit((editor) => editor.subscribe(given, subscribed));
  }

  /**
   * Makes several changes in one transaction. `body` awaits nothing but the editor and the transaction; a MailboxRefusal that it catches leaves the other changes
   * in force. Messages of deleted mailboxes are removed afterwards.
   */
  async edit<T>(body: (editor: MailboxEditor, tx: Tx) => Promise<T>, space?: WriteSpace): Promise<T> {
    const { account, db, bus, contents } = this.#deps;
    const { result, deleted } = await db.write(async (tx) => {
      tx.afterCommit(() => bus.publish(accountTopic(account)));
      const editor = new MailboxEditor(tx, account, (...move) => contents.moveAll(...move));
      return { result: await body(editor, tx), deleted: editor.deleted };
    }, space);
    for (const id of deleted) await this.#removeContents(id);
    return result;
  }

  /** Removes the messages of a deleted mailbox. A full disk is ignored: the database has reported it, and the mailbox stays deleted. */
  async #removeContents(id: MailboxId): Promise<void> {
    const { account, contents, db } = this.#deps;
    try {
      await contents.removeAll(id);
      await db.write((tx) => clearCounters(tx, account, id), 'reserve');
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
    }
  }
}

/** Normalizes the name of an existing mailbox. @throws MailboxRefusal NONEXISTENT for invalid names: no mailbox has one. */
function existingName(given: string): string {
  const name = normalizedOrNull(given);
  if (name === null) throw new MailboxRefusal('NONEXISTENT', 'no such mailbox');
  return name;
}

function normalizedOrNull(name: string): string | null {
  try {
    return normalizeMailboxName(name);
  } catch (error) {
    if (error instanceof MailboxRefusal) return null;
    throw error;
  }
}

function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  if (a === 'INBOX') return -1;
  if (b === 'INBOX') return 1;
  return a < b ? -1 : 1;
}
