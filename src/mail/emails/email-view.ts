import type { MailboxId, ModSeq } from '#lib/ids';
import type { EmailIndex } from './email-index.ts';
import type { Email, EmailPlace } from './email.ts';
import type { MailboxCounts } from './mailbox-counters.ts';

/**
 * All visible emails of an account as they were at a MODSEQ, or later: what is shown goes on changing, `modSeq` does not, so that a client whose state it
 * becomes is sent everything that it may have missed.
 */
export class EmailView {
  readonly modSeq: ModSeq;
  readonly #index: EmailIndex;
  readonly #firstModSeq: ModSeq;

  /** @param firstModSeq  MODSEQ at which the index was read, before it was brought up to date. */
  constructor(modSeq: ModSeq, index: EmailIndex, firstModSeq: ModSeq) {
    this.modSeq = modSeq;
    this.#index = index;
    this.#firstModSeq = firstModSeq;
  }

  /** Reports whether an email that was there at a MODSEQ may have been hidden then. */
  mayHaveReappeared(id: number, since: ModSeq): boolean {
    return since < this.#firstModSeq || this.#index.reappearedAt(id) > since;
  }

  /** Returns a visible email; null when there is none. */
  email(id: number): Email | null {
    const email = this.#index.get(id);
    return email === undefined || email.places.length === 0 ? null : email;
  }

  /** Returns the places of an email that are hidden because they have \Deleted. */
  hiddenPlaces(id: number): readonly EmailPlace[] {
    return this.#index.get(id)?.deletedPlaces ?? [];
  }

  /** Returns the visible emails of a thread, oldest first (RFC 8621 §3); none for unknown threads. */
  thread(id: number): readonly Email[] {
    return this.#index.thread(id).toSorted((a, b) => a.receivedMs - b.receivedMs || a.id - b.id);
  }

  /** All visible emails, those received last first: a list that does not change. */
  get newestFirst(): readonly Email[] {
    return this.#index.newestFirst();
  }

  /** Returns the visible emails of a mailbox, those received last first: a list that does not change. */
  newestFirstIn(mailbox: MailboxId): readonly Email[] {
    return this.#index.newestFirstIn(mailbox);
  }

  /** Returns the keys by which emails are sorted for a property, by their ids: those that were found so far, to which a caller adds others. */
  keysOf(property: string): Map<number, string | number> {
    return this.#index.keysOf(property);
  }

  /** Returns the counters of a mailbox. */
  counts(mailbox: MailboxId): MailboxCounts {
    return this.#index.counts(mailbox);
  }
}
