import { mailboxId, type AccountId, type MailboxId, type ModSeq } from '#lib/ids';
import { advance, currentModSeq, takeIds, takeUidValidity } from '#mail/changes';
import type { Tx } from '#ports/database';
import { mailboxLimits } from './limits.ts';
import { normalizeMailboxName, parentsOf } from './mailbox-name.ts';
import { MailboxRefusal } from './mailbox-refusal.ts';
import {
  addSubscription,
  countMailboxes,
  countSubscriptions,
  expungeMailbox,
  insertMailbox,
  isSubscribed,
  liveMailboxes,
  mailboxById,
  mailboxByName,
  mailboxesBelow,
  removeSubscription,
  renameMailbox,
  setSpecialUse,
  stampMailbox,
} from './mailbox-rows.ts';
import type { Mailbox } from './mailbox.ts';
import type { SpecialUse } from './special-use.ts';

/** Moves all messages of one mailbox to another, with new UIDs. */
type MoveAll = (tx: Tx, from: MailboxId, to: MailboxId, modSeq: ModSeq) => Promise<void>;

/**
 * Changes of mailboxes in one transaction, which share its MODSEQ. A method that throws a MailboxRefusal has changed nothing, so that others may follow.
 * Names are normalized.
 */
export class MailboxEditor {
  readonly #tx: Tx;
  readonly #account: AccountId;
  readonly #moveAll: MoveAll;
  #modSeq: ModSeq | null = null;
  /** Mailboxes that were deleted: their messages are still there. */
  readonly deleted: MailboxId[] = [];

  constructor(tx: Tx, account: AccountId, moveAll: MoveAll) {
    this.#tx = tx;
    this.#account = account;
    this.#moveAll = moveAll;
  }

  /** Returns the MODSEQ of the account, with the changes so far. */
  async state(): Promise<ModSeq> {
    const modSeq = await currentModSeq(this.#tx, this.#account);
    if (modSeq === null) throw new Error(`account ${this.#account} has no state`);
    return modSeq;
  }

  /** Returns the mailbox with an id; null when there is none. */
  byId(id: MailboxId): Promise<Mailbox | null> {
    return mailboxById(this.#tx, this.#account, id);
  }

  /** Returns the mailbox of a normalized name; null when there is none. */
  byName(name: string): Promise<Mailbox | null> {
    return mailboxByName(this.#tx, this.#account, name);
  }

  /** Reports whether a normalized name is subscribed to. */
  isSubscribed(name: string): Promise<boolean> {
    return isSubscribed(this.#tx, this.#account, name);
  }

  /** As `Mailboxes.create`. */
  async create(given: string, specialUse: readonly SpecialUse[] = []): Promise<Mailbox> {
    const name = normalizeMailboxName(given);
    if ((await mailboxByName(this.#tx, this.#account, name)) !== null) throw exists(name);
    await this.refuseTakenUses(specialUse, null);
    await this.#createParents(name);
    return await this.#insert(name, specialUse);
  }

  /**
   * As `Mailboxes.delete`, but for the messages.
   */
  async delete(name: string): Promise<void> {
    if (name === 'INBOX') throw new MailboxRefusal('CANNOT', 'INBOX cannot be deleted');
    const { id } = await this.#existing(name);
    if ((await mailboxesBelow(this.#tx, this.#account, name)).length > 0)
      throw new MailboxRefusal('HASCHILDREN', 'mailbox has mailboxes below it');
    await expungeMailbox(this.#tx, this.#account, id, await this.#stamp());
    this.deleted.push(id);
  }

  /**
   * As `Mailboxes.rename`.
   * @param withSubscriptions  Subscriptions follow the mailboxes, and do not stay with their names.
   */
  async rename(from: string, givenTo: string, withSubscriptions = false): Promise<void> {
    const to = normalizeMailboxName(givenTo);
    if (to.startsWith(`${from}/`) && from !== 'INBOX')
      throw new MailboxRefusal('CANNOT', 'a mailbox cannot be moved below itself');
    const mailbox = await this.#existing(from);
    if ((await mailboxByName(this.#tx, this.#account, to)) !== null) throw exists(to);
    const below = from === 'INBOX' ? [] : await mailboxesBelow(this.#tx, this.#account, from);
    const renamed = [mailbox, ...below].map(({ id, name }) => ({ id, name, next: `${to}${name.slice(from.length)}` }));
    for (const { next } of renamed) normalizeMailboxName(next);
    await this.#createParents(to, from === 'INBOX' ? 1 : 0);
    if (from === 'INBOX') {
      const target = await this.#insert(to, []);
      await this.#moveAll(this.#tx, mailbox.id, target.id, await this.#stamp());
      return;
    }
    for (const { id, name, next } of renamed) {
      await renameMailbox(this.#tx, this.#account, id, next, await this.#stamp());
      if (!withSubscriptions) continue;
      if (await removeSubscription(this.#tx, this.#account, name)) await addSubscription(this.#tx, this.#account, next);
      else await removeSubscription(this.#tx, this.#account, next);
    }
  }

  /** As `Mailboxes.setSpecialUse`. */
  async setSpecialUse(name: string, specialUse: readonly SpecialUse[]): Promise<void> {
    const mailbox = await this.#existing(name);
    for (const other of await liveMailboxes(this.#tx, this.#account)) {
      const kept = other.specialUse.filter((use) => !specialUse.includes(use));
      if (other.id !== mailbox.id && kept.length < other.specialUse.length)
        await setSpecialUse(this.#tx, this.#account, other.id, kept, await this.#stamp());
    }
    await setSpecialUse(this.#tx, this.#account, mailbox.id, specialUse, await this.#stamp());
  }

  /** As `Mailboxes.subscribe`. */
  async subscribe(given: string, subscribed: boolean): Promise<void> {
    const name = normalizeMailboxName(given);
    if (subscribed) await this.refuseManySubscriptions();
    const isChanged = await (subscribed ? addSubscription : removeSubscription)(this.#tx, this.#account, name);
    if (!isChanged) return;
    // In JMAP it is a property of the mailbox (RFC 8621 §2).
    const mailbox = await mailboxByName(this.#tx, this.#account, name);
    if (mailbox !== null) await stampMailbox(this.#tx, this.#account, mailbox.id, await this.#stamp());
  }

  /** Refuses special uses that a mailbox other than `own` has: servers MAY do so (RFC 6154 §3). @throws MailboxRefusal USEATTR */
  async refuseTakenUses(specialUse: readonly SpecialUse[], own: MailboxId | null): Promise<void> {
    if (specialUse.length === 0) return;
    const all = await liveMailboxes(this.#tx, this.#account);
    const taken = specialUse.find((use) => all.some(({ id, specialUse: uses }) => id !== own && uses.includes(use)));
    if (taken !== undefined) throw new MailboxRefusal('USEATTR', `another mailbox is ${taken}`);
  }

  /** Refuses a further subscription when there are as many as there may be. @throws MailboxRefusal LIMIT */
  async refuseManySubscriptions(): Promise<void> {
    if ((await countSubscriptions(this.#tx, this.#account)) >= mailboxLimits.maxSubscriptions)
      throw new MailboxRefusal('LIMIT', `too many subscriptions: the limit is ${mailboxLimits.maxSubscriptions}`);
  }

  /** Takes the transaction's MODSEQ at the first change. */
  async #stamp(): Promise<ModSeq> {
    this.#modSeq ??= (await advance(this.#tx, this.#account)).modSeq;
    return this.#modSeq;
  }

  async #existing(name: string): Promise<Mailbox> {
    const mailbox = await mailboxByName(this.#tx, this.#account, name);
    if (mailbox === null) throw new MailboxRefusal('NONEXISTENT', 'no such mailbox');
    return mailbox;
  }

  /** RFC 9051 §6.3.4, §6.3.6: CREATE and RENAME SHOULD create missing superior names. Sees to it that `more` mailboxes have room as well. */
  async #createParents(name: string, more = 1): Promise<void> {
    const missing: string[] = [];
    for (const parent of parentsOf(name)) {
      if ((await mailboxByName(this.#tx, this.#account, parent)) === null) missing.push(parent);
    }
    const added = missing.length + more;
    if (added > 0 && (await countMailboxes(this.#tx, this.#account)) + added > mailboxLimits.maxMailboxes)
      throw new MailboxRefusal('LIMIT', `too many mailboxes: the limit is ${mailboxLimits.maxMailboxes}`);
    for (const parent of missing) await this.#insert(parent, []);
  }

  async #insert(name: string, specialUse: readonly SpecialUse[]): Promise<Mailbox> {
    const modSeq = await this.#stamp();
    const id = mailboxId(await takeIds(this.#tx, this.#account, 1));
    const uidValidity = await takeUidValidity(this.#tx, this.#account);
    await insertMailbox(this.#tx, this.#account, { id, name, specialUse, uidValidity, modSeq });
    return await this.#existing(name);
  }
}

/** Makes the refusal of an existing name: creating INBOX or an extant mailbox is an error (RFC 9051 §6.3.4), and so is renaming to one (RFC 9051 §6.3.6). */
function exists(name: string): MailboxRefusal {
  return new MailboxRefusal('ALREADYEXISTS', name === 'INBOX' ? 'INBOX always exists' : 'mailbox exists');
}
