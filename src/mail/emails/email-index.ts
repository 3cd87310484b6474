import type { MailboxId, ModSeq } from '#lib/ids';
import type { EventLoop } from '#ports/event-loop';
import { EmailOrder } from './email-order.ts';
import type { Email } from './email.ts';
import { MailboxCounters, type MailboxCounts } from './mailbox-counters.ts';

/**
 * The emails of an account with what JMAP asks of them: by thread, by date, counted for each mailbox. A change costs what it changes, whatever the
 * size of the account.
 */
export class EmailIndex {
  /** All emails, also those that are hidden. */
  readonly #emails = new Map<number, Email>();
  /** Visible emails of each thread. */
  readonly #threads = new Map<number, Email[]>();
  readonly #counters = new MailboxCounters();
  readonly #keys = new Map<string, Map<number, string | number>>();
  /** All visible emails. */
  readonly #order = new EmailOrder();
  /** Emails that were hidden and became visible again, with the MODSEQ at which that was seen. */
  readonly #reappeared = new Map<number, ModSeq>();
  /** Visible emails of each mailbox that was asked for. */
  readonly #ordersIn = new Map<MailboxId, EmailOrder>();

  /** Returns the keys of emails for sorts by a property: they never change. */
  keysOf(property: string): Map<number, string | number> {
    const known = this.#keys.get(property) ?? new Map<number, string | number>();
    this.#keys.set(property, known);
    return known;
  }

  /** Returns an email, also a hidden one. */
  get(id: number): Email | undefined {
    return this.#emails.get(id);
  }

  /** All emails, also hidden ones. */
  values(): IterableIterator<Email> {
    return this.#emails.values();
  }

  /** Returns the visible emails of a thread in no order. */
  thread(id: number): readonly Email[] {
    return this.#threads.get(id) ?? [];
  }

  /** Returns the counters of a mailbox. */
  counts(mailbox: MailboxId): MailboxCounts {
    return this.#counters.of(mailbox, this.#threads);
  }

  /** Returns the MODSEQ at which an email was last seen to become visible again after it was hidden; 0 when it never was. */
  reappearedAt(id: number): ModSeq | 0 {
    return this.#reappeared.get(id) ?? 0;
  }

  /** Puts an email in, in place of what had its id, as it is at a MODSEQ. One without any place is taken out. */
  put(email: Email, modSeq: ModSeq): void {
    const known = this.#emails.get(email.id);
    if (email.places.length > 0 || email.deletedPlaces.length > 0) this.#emails.set(email.id, email);
    else {
      this.#emails.delete(email.id);
      for (const keys of this.#keys.values()) keys.delete(email.id);
    }
    const before = known !== undefined && known.places.length > 0 ? known : null;
    const after = email.places.length > 0 ? email : null;
    if (known !== undefined && before === null && after !== null) this.#reappeared.set(email.id, modSeq);
    if (before === null && after === null) return;
    this.#changeThread(email, before !== null, after !== null);
    this.#order.change(before, after);
    for (const [mailbox, order] of this.#ordersIn) {
      const [beforeIn, afterIn] = [ifIn(mailbox, before), ifIn(mailbox, after)];
      if (beforeIn !== null || afterIn !== null) order.change(beforeIn, afterIn);
    }
  }

  /** Returns all visible emails, those received last first. */
  newestFirst(): readonly Email[] {
    return this.#order.newestFirst();
  }

  /** Returns the visible emails of a mailbox, those received last first. */
  newestFirstIn(mailbox: MailboxId): readonly Email[] {
    const known = this.#ordersIn.get(mailbox);
    if (known !== undefined) return known.newestFirst();
    const order = this.#order.only((email) => ifIn(mailbox, email) !== null);
    // Clients may ask for any id: only one that has emails is kept.
    if (order.newestFirst().length > 0) this.#ordersIn.set(mailbox, order);
    return order.newestFirst();
  }

  /** Sorts and counts the emails of an account that was just read, in pieces. Until it ends, nothing else is called. */
  async settle(loop: EventLoop): Promise<void> {
    await this.#order.settle(loop);
    await this.#counters.countAll(this.#threads, loop);
  }

  #changeThread(email: Email, wasVisible: boolean, isVisible: boolean): void {
    const { id, thread } = email;
    const others = this.#threads.get(thread) ?? [];
    this.#counters.change(thread, others);
    if (!wasVisible) {
      this.#threads.set(thread, [...others, email]);
      return;
    }
    const kept = isVisible ? others.map((one) => (one.id === id ? email : one)) : others.filter((one) => one.id !== id);
    if (kept.length === 0) this.#threads.delete(thread);
    else this.#threads.set(thread, kept);
  }
}

/** Returns an email when it is in a mailbox, else null. */
function ifIn(mailbox: MailboxId, email: Email | null): Email | null {
  return email?.places.some((place) => place.mailbox === mailbox) === true ? email : null;
}
