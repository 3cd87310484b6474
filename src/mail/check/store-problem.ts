import { ConditionError, type ConditionKind } from '#ports/conditions';

/**
 * Subjects of problems: an account that cannot be opened, stored bytes, counters, a database file, descriptions, flags, blocks of header fields, mailboxes, MODSEQs, blobs without a
 * row, blobs of unknown owners, the queue, references, sizes, threads, tombstones, UIDs.
 */
export const storeProblemKinds = [
  'account',
  'blob',
  'counter',
  'database',
  'description',
  'flags',
  'headers',
  'mailbox',
  'modseq',
  'orphan',
  'owner',
  'queue',
  'reference',
  'size',
  'thread',
  'tombstone',
  'uid',
] as const;

/** One of `storeProblemKinds`. */
export type StoreProblemKind = (typeof storeProblemKinds)[number];

/** Something in the store that is not as it should be. */
export interface StoreProblem {
  /** Name of the account, or its id when it has none; null for the queue of outgoing mail and the server's own database. */
  readonly account: string | null;
  readonly kind: StoreProblemKind;
  /** A sentence for people. */
  readonly text: string;
  /** Mail is lost or cannot be read; otherwise it is only untidy. */
  readonly isLoss: boolean;
  /** Remedy for the operator, as a sentence; null when there is nothing to do. */
  readonly remedy: string | null;
}

/** Collector of what the parts of the check find; `email` is the one that it is about. */
export type Report = (kind: StoreProblemKind, text: string, isLoss?: boolean, email?: number) => void;

/** Remedy for damage of the server's own database. */
const restoreServer =
  'stop the server and restore server.db from a backup, or recover what can be read: docs/admin/check.md, "A damaged server.db", says how, and what is lost without it';

/** Conditions of files that are not at their paths while the server runs. */
const misplaced: ReadonlySet<ConditionKind> = new Set(['fileRemoved', 'fileReplaced']);
const putFilesBack =
  'put the file back where it was, or restore it with the server stopped; what the running server has open is not lost yet: docs/admin/disk.md, "A file is removed or replaced while the server runs", says how';

/** Problems of one kind that are named one by one. */
const maxPerKind = 100;

const restore =
  'restore the account folder and its blobs from a backup, or leave it: the server answers for the other messages';

/** Remedies for a problem. */
function remedyOf(kind: StoreProblemKind, isLoss: boolean, account: string | null): string | null {
  if (account === null && kind === 'database') return restoreServer;
  switch (kind) {
    case 'account':
      return 'see docs/admin/check.md, "An account that is refused"';
    case 'database':
      return 'restore the file from a backup, or export what can be read: see docs/admin/check.md, "A damaged database"';
    case 'blob':
    case 'size':
    case 'reference':
      return isLoss ? restore : null;
    case 'flags':
    case 'counter':
    case 'description':
    case 'headers':
      return 'run "godwit check --repair": docs/admin/check.md, "Repairs", says what it does';
    case 'orphan':
      return 'none is needed: the server removes it by itself when it is 14 days old. "check --repair" leaves a younger one alone, since it may belong to a newer backup of the database';
    case 'owner':
      return 'find out whose it is: docs/admin/check.md, "An account that is refused". The server removes nothing of accounts that it does not know; delete the folder by hand when it is no longer needed';
    case 'queue':
      return isLoss ? 'drop the message with "godwit queue drop" and tell its sender' : null;
    default:
      return null;
  }
}

/** Collects problems about one account or the queue: each kind up to a number, then how many more there are. */
export class StoreProblems {
  readonly #account: string | null;
  readonly #found: { problem: StoreProblem; readonly email: number | null }[] = [];
  readonly #counts = new Map<string, number>();
  readonly #causes = new Set<string>();

  constructor(account: string | null) {
    this.#account = account;
  }

  readonly report: Report = (kind, text, isLoss = false, email) => {
    const key = `${kind} ${isLoss}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count <= maxPerKind) this.#add(kind, text, isLoss, email);
  };

  /** Reports that something cannot be read, once for each reason: one cause stops many parts of the check. */
  unreadable(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#causes.has(reason)) return;
    this.#causes.add(reason);
    const isElsewhere = error instanceof ConditionError && misplaced.has(error.kind);
    const remedy = isElsewhere ? putFilesBack : remedyOf('database', true, this.#account);
    const problem = {
      account: this.#account,
      kind: 'database',
      text: `${what}: ${reason}`,
      isLoss: true,
      remedy,
    } as const;
    this.#found.push({ problem, email: null });
  }

  /** Reports that an account is refused, with what the operator can do about it. */
  refused(text: string, remedy: string): void {
    const problem = { account: this.#account, kind: 'account', text, isLoss: true, remedy } as const;
    this.#found.push({ problem, email: null });
  }

  /** Ids of the emails that something was reported about. */
  emails(): number[] {
    return [...new Set(this.#found.flatMap(({ email }) => email ?? []))];
  }

  /** Adds to each problem about an email where its messages are. */
  locate(places: ReadonlyMap<number, string>): void {
    for (const found of this.#found) {
      const place = found.email === null ? undefined : places.get(found.email);
      if (place !== undefined) found.problem = { ...found.problem, text: `${found.problem.text} (${place})` };
    }
  }

  /** All that was reported. */
  all(): StoreProblem[] {
    for (const [key, count] of this.#counts) {
      const [kind = '', isLoss] = key.split(' ');
      if (count > maxPerKind)
        this.#add(kind as StoreProblemKind, `${count - maxPerKind} more like these`, isLoss === 'true');
    }
    this.#counts.clear();
    return this.#found.map(({ problem }) => problem);
  }

  #add(kind: StoreProblemKind, text: string, isLoss: boolean, email: number | null = null): void {
    const problem = { account: this.#account, kind, text, isLoss, remedy: remedyOf(kind, isLoss, this.#account) };
    this.#found.push({ problem, email });
  }
}
