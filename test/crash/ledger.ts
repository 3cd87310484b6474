import { createHash } from 'node:crypto';
import { ConditionError } from '#ports/conditions';

/** Mailbox and flags of a message; `uid` is null until a client has seen it. */
export interface Place {
  readonly mailbox: string;
  readonly uid: number | null;
  readonly flags: number;
  /** Sorted, separated by spaces. */
  readonly keywords: string;
}

/** All places of one message, none when it is not there. */
export type State = readonly Place[];

/** One message of one account: what it was, and what it may become by an operation that is under way. */
export interface Tracked {
  readonly account: string;
  readonly hash: string;
  readonly history: State[];
  /** Index of the last state that was acknowledged, or seen by a reader. */
  known: number;
  /** An operation on it is under way. */
  isBusy: boolean;
}

/** Existence of a mailbox or an account: `unsure` while it is being made or removed, and when that failed. */
export type Existence = 'here' | 'gone' | 'unsure';

/** One recipient in the queue. */
export interface Queued {
  readonly address: string;
  readonly account: string;
  readonly hash: string;
  /** NOTIFY bits. */
  readonly notify: number;
  /** A suppression of the address was acknowledged before it was queued: it fails at once. */
  readonly isSuppressed: boolean;
  isAcknowledged: boolean;
  /** Answers of remote hosts. */
  readonly outcomes: ('delivered' | 'deferred' | 'refused')[];
  /** Operations that an operator began, completed or not. */
  readonly begun: ('drop' | 'fail')[];
  /** The last that was acknowledged; null while that is about to change. */
  isHeld: boolean | null;
  /** Final state that was reported to an operator, or that a reader saw. */
  end: 'delivered' | 'failed' | 'dropped' | null;
  /** Attempts that a reader saw. */
  attempts: number;
}

/** A UID as a reader saw it. */
export interface Seen {
  readonly account: string;
  readonly mailbox: string;
  readonly uidValidity: number;
  readonly uid: number;
  readonly hash: string;
}

/** The highest numbers that a reader saw of one mailbox. */
export interface SeenHead {
  readonly account: string;
  readonly mailbox: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModSeq: number;
}

/** Messages that one transaction changes: all or none. */
export interface Together {
  readonly messages: readonly Tracked[];
  readonly after: readonly number[];
}

/** Promises at one moment: a copy that later operations do not change. */
export interface Promises {
  readonly accounts: readonly string[];
  /** Accounts that come and go. */
  readonly guests: ReadonlyMap<string, Existence>;
  /** By account and name, which a line end separates. */
  readonly mailboxes: ReadonlyMap<string, Existence>;
  readonly messages: readonly { readonly account: string; readonly hash: string; readonly allowed: readonly State[] }[];
  readonly together: readonly {
    readonly parts: readonly {
      readonly account: string;
      readonly hash: string;
      readonly before: State;
      readonly after: State;
    }[];
  }[];
  readonly queued: readonly Queued[];
  readonly suppressed: ReadonlyMap<string, boolean>;
  readonly seen: readonly Seen[];
  readonly heads: readonly SeenHead[];
}

/** Record of requests to a store, what it acknowledged, and what readers saw. */
export class Ledger {
  readonly accounts: string[] = [];
  readonly guests = new Map<string, Existence>();
  readonly mailboxes = new Map<string, Existence>();
  readonly messages = new Map<string, Tracked>();
  readonly queued = new Map<string, Queued>();
  /** Addresses that were to be suppressed: whether that was acknowledged, or seen. */
  readonly suppressed = new Map<string, boolean>();
  readonly together = new Set<Together>();
  readonly seen = new Map<string, Seen>();
  readonly heads = new Map<string, SeenHead>();

  /** A message that is about to be added. */
  expect(account: string, hash: string): Tracked {
    const tracked: Tracked = { account, hash, history: [[]], known: 0, isBusy: false };
    this.messages.set(`${account} ${hash}`, tracked);
    return tracked;
  }

  /**
   * Runs an operation that brings each message to a new state, and acknowledges it; `run` gives the states as they are then known. An operation that
   * is refused for a condition of the machine must have changed nothing; its messages are left alone from then on.
   */
  async change(
    messages: readonly Tracked[],
    next: (state: State, index: number) => State,
    run: () => Promise<(state: State, index: number) => State>,
  ): Promise<void> {
    for (const message of messages) message.isBusy = true;
    messages.forEach((message, i) => message.history.push(next(message.history.at(-1) ?? [], i)));
    const together = { messages, after: messages.map(({ history }) => history.length - 1) };
    this.together.add(together);
    const before = messages.map(({ history }) => history.at(-2) ?? []);
    let final: (state: State, index: number) => State;
    try {
      final = await run();
    } catch (error) {
      if (error instanceof ConditionError) {
        this.together.delete(together);
        messages.forEach((message, i) => {
          message.history.push(before[i] ?? []);
          message.known = message.history.length - 1;
        });
      }
      throw error;
    }
    this.together.delete(together);
    messages.forEach((message, i) => {
      message.history.push(final(message.history.at(-1) ?? [], i));
      message.known = message.history.length - 1;
      message.isBusy = false;
    });
  }

  /** The promises in force now. */
  promises(): Promises {
    return {
      accounts: [...this.accounts],
      guests: new Map(this.guests),
      mailboxes: new Map(this.mailboxes),
      messages: Array.from(this.messages.values(), ({ account, hash, history, known }) => ({
        account,
        hash,
        allowed: history.slice(known),
      })),
      together: Array.from(this.together, ({ messages, after }) => ({
        parts: messages.map(({ account, hash, history }, i) => ({
          account,
          hash,
          before: history[(after[i] ?? 0) - 1] ?? [],
          after: history[after[i] ?? 0] ?? [],
        })),
      })),
      queued: Array.from(this.queued.values(), (queued) => ({
        ...queued,
        outcomes: [...queued.outcomes],
        begun: [...queued.begun],
      })),
      suppressed: new Map(this.suppressed),
      seen: [...this.seen.values()],
      heads: [...this.heads.values()],
    };
  }
}

/** Runs what makes (`here`) or removes (`gone`) a mailbox or an account, and notes how far that is. */
export async function becoming(
  known: Map<string, Existence>,
  keys: Readonly<Record<string, 'here' | 'gone'>>,
  run: () => Promise<unknown>,
): Promise<void> {
  for (const key of Object.keys(keys)) known.set(key, 'unsure');
  await run();
  for (const [key, existence] of Object.entries(keys)) known.set(key, existence);
}

/** Reports whether places found are those of a state; a UID that no client saw may be any. */
export function isState(found: State, state: State): boolean {
  if (found.length !== state.length) return false;
  const left = [...found];
  // Places with a known UID first, so that an unknown one does not take their match.
  for (const want of state.toSorted((a, b) => Number(a.uid === null) - Number(b.uid === null))) {
    const at = left.findIndex(
      (place) =>
        place.mailbox === want.mailbox &&
        (want.uid === null || place.uid === want.uid) &&
        place.flags === want.flags &&
        place.keywords === want.keywords,
    );
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return true;
}

/** Short name of the bytes of a whole message. */
export function hashOf(...chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex').slice(0, 24);
}
