import type { Clock } from '#ports/clock';
import type { ConditionError, ConditionKind, ConditionSink } from '#ports/conditions';
import type { Log } from '#ports/log';
import { conditionLimits } from './limits.ts';

/** One condition since the start, as `godwit status` shows it. */
export interface ConditionFacts {
  readonly kind: ConditionKind;
  /** The file, folder or part that it is about. */
  readonly subject: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
}

interface Entry {
  readonly kind: ConditionKind;
  readonly subject: string;
  count: number;
  readonly firstMs: number;
  lastMs: number;
  /** Occurrences that no line of the log has told yet. */
  suppressed: number;
  /** While it is set, further occurrences wait for its end. */
  quiet: Disposable | null;
}

const events: Readonly<Record<ConditionKind, string>> = {
  diskFull: 'storage.diskFull',
  quotaReached: 'storage.quotaReached',
  readOnly: 'storage.readOnly',
  ioError: 'storage.ioError',
  damaged: 'storage.damaged',
  blobMissing: 'storage.blobMissing',
  accountRefused: 'account.refused',
  fileRemoved: 'storage.fileRemoved',
  fileReplaced: 'storage.fileReplaced',
  tooManyFiles: 'system.tooManyFiles',
  overloaded: 'system.overloaded',
};

const fixes: Readonly<Record<ConditionKind, string>> = {
  diskFull: "free space on the disk, or drop mail with 'godwit queue drop'; mail is accepted again by itself",
  quotaReached: "raise the quota of the server's user, or free space; mail is accepted again by itself",
  readOnly: 'mount the file system for writing, or give the files back to the user of the server',
  ioError: "look at the kernel's log; restore from a backup if the disk is failing",
  damaged: "run 'godwit check', which names what is damaged and what can be done, also while no server runs",
  blobMissing: "run 'godwit check'; restore what it names from a backup",
  accountRefused:
    "run 'godwit check': it says for each account whether to put folders back, restore, adopt or recreate",
  fileRemoved:
    "find out which program or person removed it; what the server still holds comes back by itself (sqlite.putBack, data.madeAgain); run 'godwit check': it names what must be restored from a backup",
  fileReplaced:
    'stop the server, restore the file with its -wal from one backup, or remove the -wal, and start the server: see docs/admin/disk.md',
  tooManyFiles: 'raise the limit of open files (LimitNOFILE= of systemd, ulimit -n)',
  overloaded: 'passes by itself; more memory or fewer clients if it comes often',
};

/** Returns the advice to operators for a condition. */
export function conditionFix(kind: ConditionKind): string {
  return fixes[kind];
}

const elsewhere = 'elsewhere';

/** Counts conditions and logs each at once, then at most once a minute while it goes on. */
export class ConditionLog implements ConditionSink, Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  readonly #seen = new WeakSet<ConditionError>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  note(error: ConditionError): void {
    // An error that passes through several layers is one occurrence.
    if (this.#seen.has(error)) return;
    this.#seen.add(error);
    const entry = this.#entryOf(error);
    entry.count += 1;
    entry.lastMs = this.#clock.now();
    if (entry.quiet !== null) {
      entry.suppressed += 1;
      return;
    }
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    this.#log.error(events[error.kind], {
      subject: entry.subject,
      reason: cause ?? error.message,
      fix: fixes[error.kind],
    });
    this.#keepQuiet(entry);
  }

  /** All conditions since the start, the latest first. */
  get facts(): readonly ConditionFacts[] {
    return [...this.#entries.values()]
      .toSorted((a, b) => b.lastMs - a.lastMs)
      .map(({ kind, subject, count, firstMs, lastMs }) => ({ kind, subject, count, firstMs, lastMs }));
  }

  /** Logs what was suppressed, and ends. */
  [Symbol.dispose](): void {
    for (const entry of this.#entries.values()) {
      entry.quiet?.[Symbol.dispose]();
      entry.quiet = null;
      if (entry.suppressed > 0) this.#summarize(entry);
    }
  }

  #entryOf({ kind, subject: given }: ConditionError): Entry {
    const known = this.#entries.get(`${kind} ${given}`);
    if (known !== undefined) return known;
    const subject = this.#entries.size < conditionLimits.maxSubjects ? given : elsewhere;
    const key = `${kind} ${subject}`;
    const nowMs = this.#clock.now();
    const entry = this.#entries.get(key) ?? {
      kind,
      subject,
      count: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      suppressed: 0,
      quiet: null,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #keepQuiet(entry: Entry): void {
    entry.quiet = this.#clock.timer(conditionLimits.repeatMs, () => {
      entry.quiet = null;
      if (entry.suppressed === 0) return;
      this.#summarize(entry);
      this.#keepQuiet(entry);
    });
  }

  #summarize(entry: Entry): void {
    const { kind, subject, suppressed, count } = entry;
    entry.suppressed = 0;
    this.#log.error(events[kind], { subject, suppressed, count, fix: fixes[kind] });
  }
}
