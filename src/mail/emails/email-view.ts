import type { MailboxId, ModSeq } from '#lib/ids';
import { isUnread, type Email, type EmailPlace } from './email.ts';

/** Counters of a mailbox (RFC 8621 §2). */
export interface MailboxCounts {
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
}

/** No email at all. */
const noCounts: MailboxCounts = { totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0 };

/** All visible emails of an account at one MODSEQ. */
export class EmailView {
  readonly modSeq: ModSeq;
  readonly #emails: ReadonlyMap<number, Email>;
  readonly #hidden: ReadonlyMap<number, readonly EmailPlace[]>;
  readonly #threads: ReadonlyMap<number, readonly Email[]>;
  #newestFirst: readonly Email[] | null = null;
  #counts: ReadonlyMap<MailboxId, MailboxCounts> | null = null;

  constructor(modSeq: ModSeq, emails: ReadonlyMap<number, Email>) {
    this.modSeq = modSeq;
    const visible = [...emails].filter(([, { places }]) => places.length > 0);
    this.#emails = new Map(visible);
    const hidden = [...emails].filter(([, { deletedPlaces }]) => deletedPlaces.length > 0);
    this.#hidden = new Map(hidden.map(([id, { deletedPlaces }]) => [id, deletedPlaces]));
    this.#threads = Map.groupBy(this.#emails.values(), ({ thread }) => thread);
  }

  /** Returns a visible email; null when there is none. */
  email(id: number): Email | null {
    return this.#emails.get(id) ?? null;
  }

  /** Returns the places of an email that are hidden because they have \Deleted. */
  hiddenPlaces(id: number): readonly EmailPlace[] {
    return this.#hidden.get(id) ?? [];
  }

  /** Returns the visible emails of a thread, oldest first (RFC 8621 §3); none for unknown threads. */
  thread(id: number): readonly Email[] {
    return (this.#threads.get(id) ?? []).toSorted((a, b) => a.receivedMs - b.receivedMs || a.id - b.id);
  }

  /** All visible emails, those received last first. */
  get newestFirst(): readonly Email[] {
    return (this.#newestFirst ??= [...this.#emails.values()].sort(
      (a, b) => b.receivedMs - a.receivedMs || b.id - a.id,
    ));
  }

  /** Returns the counters of a mailbox. */
  counts(mailbox: MailboxId): MailboxCounts {
    this.#counts ??= countAll(this.#threads.values());
    return this.#counts.get(mailbox) ?? noCounts;
  }
}

/** Counts every email once in each of its mailboxes, and every thread once in each mailbox of its emails. */
function countAll(threads: Iterable<readonly Email[]>): Map<MailboxId, MailboxCounts> {
  const counts = new Map<MailboxId, { -readonly [name in keyof MailboxCounts]: number }>();
  for (const emails of threads) {
    // RFC 8621 §2: a thread is unread in a mailbox when any of its emails is unread, in whichever mailbox that is.
    const isThreadUnread = emails.some(isUnread);
    const mailboxes = new Set<MailboxId>();
    for (const email of emails) {
      const unread = isUnread(email) ? 1 : 0;
      for (const mailbox of new Set(email.places.map((place) => place.mailbox))) {
        const count = counts.get(mailbox) ?? { ...noCounts };
        counts.set(mailbox, count);
        count.totalEmails += 1;
        count.unreadEmails += unread;
        mailboxes.add(mailbox);
      }
    }
    for (const mailbox of mailboxes) {
      const count = counts.get(mailbox);
      if (count === undefined) continue;
      count.totalThreads += 1;
      count.unreadThreads += isThreadUnread ? 1 : 0;
    }
  }
  return counts;
}
