import type { MailboxId } from '#lib/ids';
import type { EventLoop } from '#ports/event-loop';
import { isUnread, type Email } from './email.ts';

/** Counters of a mailbox (RFC 8621 §2). */
export interface MailboxCounts {
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
}

/** Threads that are counted between two questions to the loop. */
const pieceThreads = 1024;

/** No email at all. */
const noCounts: MailboxCounts = { totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0 };

/** Counters of all mailboxes of an account. A thread is counted anew when it changed, once for all its changes until counters are asked for. */
export class MailboxCounters {
  readonly #counts = new Map<MailboxId, MailboxCounts>();
  /** Threads that are not counted at the moment. */
  readonly #uncounted = new Set<number>();

  /** Takes a thread out of the counters, before it changes. @param emails  Its visible emails until now. */
  change(thread: number, emails: readonly Email[]): void {
    if (this.#uncounted.has(thread)) return;
    this.#uncounted.add(thread);
    this.#count(emails, -1);
  }

  /** Counts what is not counted, in pieces. @param threads  Visible emails of each thread. */
  async countAll(threads: ReadonlyMap<number, readonly Email[]>, loop: EventLoop): Promise<void> {
    let count = 0;
    for (const thread of this.#uncounted) {
      this.#count(threads.get(thread) ?? [], 1);
      count += 1;
      if (count % pieceThreads === 0) await loop.pause();
    }
    this.#uncounted.clear();
  }

  /** Returns the counters of a mailbox. @param threads  Visible emails of each thread. */
  of(mailbox: MailboxId, threads: ReadonlyMap<number, readonly Email[]>): MailboxCounts {
    for (const thread of this.#uncounted) this.#count(threads.get(thread) ?? [], 1);
    this.#uncounted.clear();
    return this.#counts.get(mailbox) ?? noCounts;
  }

  /** Counts every email of a thread once in each of its mailboxes, and the thread once in each mailbox of its emails. */
  #count(emails: readonly Email[], sign: 1 | -1): void {
    const added = new Map<MailboxId, { total: number; unread: number }>();
    for (const email of emails) {
      const unread = isUnread(email) ? 1 : 0;
      for (const mailbox of new Set(email.places.map((place) => place.mailbox))) {
        const { total, unread: others } = added.get(mailbox) ?? { total: 0, unread: 0 };
        added.set(mailbox, { total: total + 1, unread: others + unread });
      }
    }
    // RFC 8621 §2: a thread is unread in a mailbox when any of its emails is unread, in whichever mailbox that is.
    const isThreadUnread = emails.some(isUnread);
    for (const [mailbox, { total, unread }] of added) {
      const before = this.#counts.get(mailbox) ?? noCounts;
      this.#counts.set(mailbox, {
        totalEmails: before.totalEmails + sign * total,
        unreadEmails: before.unreadEmails + sign * unread,
        totalThreads: before.totalThreads + sign,
        unreadThreads: before.unreadThreads + (isThreadUnread ? sign : 0),
      });
    }
  }
}
