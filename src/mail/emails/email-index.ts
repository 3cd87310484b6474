import type { MailboxId } from '#lib/ids';
import type { EventLoop } from '#ports/event-loop';
import type { Email } from './email.ts';
import { MailboxCounters, type MailboxCounts } from './mailbox-counters.ts';

/** Emails that are sorted or merged between two questions to the loop. */
const pieceEmails = 4096;

/**
 * The emails of an account with what JMAP asks of them: by thread, by date, counted for each mailbox. A change costs what it changes, whatever the
 * size of the account: a new email comes last in its order, and a changed one keeps its position. What comes or goes elsewhere in the order is merged
 * with it once, when it is next asked for.
 */
export class EmailIndex {
  /** All emails, also those that are hidden. */
  readonly #emails = new Map<number, Email>();
  /** Visible emails of each thread. */
  readonly #threads = new Map<number, Email[]>();
  readonly #counters = new MailboxCounters();
  /** Visible emails, those received first first; `#gone` are left out and `#come` put in at the next merge. */
  #oldestFirst: Email[] = [];
  readonly #gone = new Set<number>();
  readonly #come = new Map<number, Email>();
  #newestFirst: readonly Email[] | null = null;

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

  /** Puts an email in, in place of what had its id. One without any place is taken out. */
  put(email: Email): void {
    const before = this.#emails.get(email.id);
    const wasVisible = before !== undefined && before.places.length > 0;
    const isVisible = email.places.length > 0;
    if (isVisible || email.deletedPlaces.length > 0) this.#emails.set(email.id, email);
    else this.#emails.delete(email.id);
    if (!wasVisible && !isVisible) return;
    this.#changeThread(email, wasVisible, isVisible);
    this.#newestFirst = null;
    if (wasVisible && isVisible) this.#replace(before, email);
    else if (isVisible) this.#insert(email);
    else if (!this.#come.delete(email.id)) this.#gone.add(email.id);
  }

  /** Returns all visible emails, those received last first. */
  newestFirst(): readonly Email[] {
    if (this.#gone.size + this.#come.size > 0) {
      const come = [...this.#come.values()].sort(byDate);
      this.#oldestFirst = merged(
        this.#oldestFirst.filter(({ id }) => !this.#gone.has(id)),
        come,
      );
      this.#gone.clear();
      this.#come.clear();
    }
    return (this.#newestFirst ??= this.#oldestFirst.toReversed());
  }

  /** Sorts and counts the emails of an account that was just read, in pieces. Until it ends, nothing else is called. */
  async settle(loop: EventLoop): Promise<void> {
    let runs: Email[][] = [];
    const come = [...this.#come.values()];
    for (let at = 0; at < come.length; at += pieceEmails) {
      runs.push(come.slice(at, at + pieceEmails).sort(byDate));
      await loop.pause();
    }
    while (runs.length > 1) {
      const longer: Email[][] = [];
      for (let i = 0; i < runs.length; i += 2) {
        longer.push(merged(runs[i] ?? [], runs[i + 1] ?? []));
        await loop.pause();
      }
      runs = longer;
    }
    this.#oldestFirst = merged(this.#oldestFirst, runs[0] ?? []);
    this.#come.clear();
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

  #replace(before: Email, email: Email): void {
    if (this.#come.has(email.id)) {
      this.#come.set(email.id, email);
      return;
    }
    const at = positionOf(this.#oldestFirst, before);
    this.#oldestFirst[at] = email;
  }

  #insert(email: Email): void {
    const last = this.#oldestFirst.at(-1);
    // One that was taken out stays in the order until the merge.
    const isLast =
      !this.#gone.has(email.id) && this.#come.size === 0 && (last === undefined || byDate(last, email) < 0);
    if (isLast) this.#oldestFirst.push(email);
    else this.#come.set(email.id, email);
  }
}

function byDate(a: Email, b: Email): number {
  return a.receivedMs - b.receivedMs || a.id - b.id;
}

/** Returns the first position in an order whose email is not before another. */
function positionOf(sorted: readonly Email[], email: Email): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const there = sorted[middle];
    if (there !== undefined && byDate(there, email) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Returns the emails of two orders in one. */
function merged(a: readonly Email[], b: readonly Email[]): Email[] {
  const all: Email[] = [];
  let i = 0;
  for (const email of b) {
    for (let next = a[i]; next !== undefined && byDate(next, email) < 0; next = a[i]) {
      all.push(next);
      i += 1;
    }
    all.push(email);
  }
  for (; i < a.length; i += 1) all.push(a[i] as Email);
  return all;
}
