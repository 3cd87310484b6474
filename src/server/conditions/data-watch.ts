import type { Clock } from '#ports/clock';
import { ConditionError, type ConditionSink } from '#ports/conditions';
import type { Log } from '#ports/log';
import { conditionLimits } from './limits.ts';
import { Repeated } from './repeated.ts';

/** Arguments of `DataWatch`. */
export interface DataWatchDeps {
  /** Looks at the files of open databases; notes what is wrong by itself. */
  readonly lookAtFiles: () => Promise<void>;
  /** Folders that must stay once they are there, outer ones first. */
  readonly folders: readonly string[];
  readonly isThere: (folder: string) => Promise<boolean>;
  readonly conditions: ConditionSink;
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks every second whether the files and folders that the server works on are still at their paths, until disposed. */
export class DataWatch implements AsyncDisposable {
  readonly #deps: DataWatchDeps;
  readonly #seen = new Set<string>();
  readonly #looks: Repeated;

  constructor(deps: DataWatchDeps) {
    this.#deps = deps;
    this.#looks = new Repeated(deps.clock, conditionLimits.filesMs, () =>
      this.#look().catch((error: unknown) => deps.log.error('data.lookFailed', {}, error)),
    );
    this.#looks.start();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#looks[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const { lookAtFiles, folders, isThere, conditions } = this.#deps;
    await lookAtFiles();
    const gone: string[] = [];
    for (const folder of folders) {
      // One that is gone with the folder around it is not another trouble.
      if (gone.some((outer) => folder.startsWith(outer))) continue;
      if (await isThere(folder)) this.#seen.add(folder);
      else if (this.#seen.has(folder)) {
        gone.push(folder);
        conditions.note(new ConditionError('fileRemoved', folder));
      }
    }
  }
}
