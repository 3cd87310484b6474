import type { EventLoop } from '#ports/event-loop';
import type { Email } from './email.ts';

/** Emails that are sorted between two questions to the loop. */
const pieceEmails = 4096;

/**
 * Visible emails in the order in which they were received. A change costs what it changes: a new email comes last, and a changed one keeps its position.
 * What comes or goes elsewhere is merged with the others once, when they are next asked for.
 */
export class EmailOrder {
  /** Those received first first; `#gone` are left out and `#come` put in at the next merge. */
  #oldestFirst: Email[];
  readonly #gone = new Set<number>();
  readonly #come = new Map<number, Email>();
  #newestFirst: readonly Email[] | null = null;

  /** @param oldestFirst  Emails that are in order already; they become the order's own. */
  constructor(oldestFirst: Email[] = []) {
    this.#oldestFirst = oldestFirst;
  }

  /** Puts an email in the place of another with the same id; null where there was none, or where none is to be. */
  change(before: Email | null, after: Email | null): void {
    this.#newestFirst = null;
    if (before !== null && after !== null) this.#replace(before, after);
    else if (after !== null) this.#insert(after);
    else if (before !== null && !this.#come.delete(before.id)) this.#gone.add(before.id);
  }

  /** Returns all emails, those received last first: a list that does not change. */
  newestFirst(): readonly Email[] {
    return (this.#newestFirst ??= this.#merged().toReversed());
  }

  /** Returns those of the emails that `isWanted` names as an order of their own. */
  only(isWanted: (email: Email) => boolean): EmailOrder {
    return new EmailOrder(this.#merged().filter(isWanted));
  }

  /** Sorts what came, in pieces. Until it ends, nothing else is called. */
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
  }

  #merged(): Email[] {
    if (this.#gone.size + this.#come.size > 0) {
      const come = [...this.#come.values()].sort(byDate);
      this.#oldestFirst = merged(
        this.#oldestFirst.filter(({ id }) => !this.#gone.has(id)),
        come,
      );
      this.#gone.clear();
      this.#come.clear();
    }
    return this.#oldestFirst;
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
