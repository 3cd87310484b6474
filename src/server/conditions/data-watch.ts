import { ConditionError, type ConditionSink } from '#ports/conditions';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { conditionLimits } from './limits.ts';
import { Repeated } from './repeated.ts';

/** One thing that is looked at: notes what is missing as a condition. @returns the paths that it made again. */
export type DataLook = () => Promise<readonly string[]>;

/** Arguments of `DataWatch`. */
export interface DataWatchDeps {
  /** Looks at the files of open databases and puts them back, with the folders around them; notes what is wrong by itself. */
  readonly lookAtFiles: () => Promise<void>;
  /** Folders that must stay once they are there: the one with all data, and others in it. */
  readonly folders: readonly string[];
  readonly isThere: (folder: string) => Promise<boolean>;
  /** Further looks, made while the folder with all data is there. */
  readonly looks: readonly DataLook[];
  readonly conditions: ConditionSink;
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks every second whether the files and folders that the server works on are still at their paths, and makes again what can be made again, until disposed. */
export class DataWatch implements AsyncDisposable {
  readonly #deps: DataWatchDeps;
  readonly #seen = new Set<string>();
  readonly #looks: Repeated;

  constructor(deps: DataWatchDeps) {
    this.#deps = deps;
    this.#looks = new Repeated(deps.clock, conditionLimits.filesMs, () => this.#look());
    this.#looks.start();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#looks[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const { lookAtFiles, looks, log } = this.#deps;
    let isThere = true;
    await this.#try(async () => {
      await lookAtFiles();
      isThere = await this.#lookAtFolders();
    });
    if (!isThere) return;
    for (const look of looks) {
      await this.#try(async () => {
        for (const path of await look()) log.warn('data.madeAgain', { path });
      });
    }
  }

  /** @returns false when the first is gone. */
  async #lookAtFolders(): Promise<boolean> {
    const { folders, isThere, conditions } = this.#deps;
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
    return folders[0] === undefined || !gone.includes(folders[0]);
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.error('data.lookFailed', {}, error);
    }
  }
}
