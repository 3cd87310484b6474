import { JobThread } from '#host/workers';
import type { AccountId } from '#lib/ids';
import type { Clock } from '#ports/clock';
import { ConditionError, ignoreConditions, type ConditionSink } from '#ports/conditions';
import type {
  IndexBatch,
  IndexFacts,
  IndexMatches,
  IndexPosition,
  SearchIndex,
  SearchIndexes,
  WordPattern,
} from '#ports/search-index';
import { searchIndexLimits, type SearchIndexLimits } from './limits.ts';

/** Dependencies of `FileSearchIndexes`. */
export interface FileSearchIndexesDeps {
  /** Returns the path of the index of an account, in a folder that exists. */
  readonly pathOf: (account: AccountId) => string;
  readonly clock: Clock;
  readonly conditions?: ConditionSink;
  readonly limits?: SearchIndexLimits;
}

type Kind = 'position' | 'write' | 'find' | 'facts' | 'drop' | 'close';

/** Answer of the thread. */
interface Answer {
  readonly value: unknown;
  /** Reason why the file was dropped. */
  readonly damage?: string;
}

/** Indexes in a file each, which a thread of their own reads and writes. */
export class FileSearchIndexes implements SearchIndexes {
  readonly #deps: FileSearchIndexesDeps;
  readonly #limits: SearchIndexLimits;
  readonly #thread: JobThread<object, Answer>;
  #idle: Disposable | null = null;
  #running = 0;
  #isStarted = false;

  constructor(deps: FileSearchIndexesDeps) {
    const { conditions = ignoreConditions, limits = searchIndexLimits } = deps;
    this.#deps = deps;
    this.#limits = limits;
    this.#thread = new JobThread(new URL('./thread.mjs', import.meta.url), { maxHeapMb: 128 }, conditions);
  }

  index(account: AccountId): SearchIndex {
    const { maxWords } = this.#limits;
    const path = this.#deps.pathOf(account);
    const run = <Result>(kind: Kind, job: object = {}): Promise<Result> =>
      this.#run(path, kind, job) as Promise<Result>;
    return {
      position: () => run<IndexPosition | null>('position'),
      write: (batch: IndexBatch) => run<void>('write', batch),
      find: (patterns: readonly WordPattern[], from: number, to: number) =>
        run<IndexMatches | null>('find', { patterns, from, to, maxWords }),
      facts: () => run<IndexFacts | null>('facts'),
      drop: () => run<void>('drop'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle?.[Symbol.dispose]();
    this.#idle = null;
    await this.#end();
  }

  async #run(path: string, kind: Kind, job: object): Promise<unknown> {
    this.#idle?.[Symbol.dispose]();
    this.#idle = null;
    this.#running += 1;
    this.#isStarted = true;
    try {
      const { value, damage } = await this.#thread.run({ ...job, path, kind, maxOpen: this.#limits.maxOpen });
      if (damage !== undefined) this.#noteDamage(path, damage);
      return value;
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#rest();
    }
  }

  #noteDamage(path: string, reason: string): void {
    const message = `the search index ${path} was damaged (${reason}); it is made anew`;
    this.#deps.conditions?.note(new ConditionError('damaged', path, { message }));
  }

  /** Ends the thread when nothing more is asked: it takes some megabytes. */
  #rest(): void {
    const { clock } = this.#deps;
    this.#idle = clock.timer(this.#limits.idleMs, () => {
      this.#idle = null;
      this.#end().catch(() => undefined);
    });
  }

  /** Closes the files, so that no log is left, and ends the thread, unless there is none. */
  async #end(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    await this.#thread.run({ kind: 'close' satisfies Kind }).catch(() => undefined);
    // What was asked meanwhile needs the thread.
    if (this.#running === 0) await this.#thread.close();
  }
}
