import { randomBytes } from 'node:crypto';
import type { Files } from '#host/files';
import { ConditionError, ignoreConditions, type ConditionSink } from '#ports/conditions';

/** Dependencies of a reserve. */
export interface DiskReserveDeps {
  /** The directory on the disk in question; the reserve is its file `reserve`. */
  readonly directory: string;
  /** Space to keep back; on small disks no more than half of them. 0 keeps none. */
  readonly sizeBytes: number;
  readonly files: Files;
  readonly conditions?: ConditionSink;
}

/** Space of a file system, for users who are not root. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Space kept back for a full disk. */
export interface DiskReserve {
  /** True while the reserve is in use: only writes that free space are allowed then. */
  readonly isShort: boolean;
  /** Gives the reserve to the file system. @returns false when there was none to give. */
  release(): Promise<boolean>;
  /** Measures the disk, and makes the reserve again, also one that was removed, as soon as there is room for it and a quarter more. @returns null where space cannot be measured. */
  look(): Promise<DiskSpace | null>;
}

/** The reserve of a store that keeps nothing back. */
export const noReserve: DiskReserve = {
  isShort: false,
  release: () => Promise.resolve(false),
  look: () => Promise.resolve(null),
};

/** The log of a database must fit into it: closing one copies the log into the file, which may grow by as much. */
const largestShare = 1 / 2;
/** Free space beyond its size that is needed before it is made, so that it is not made and given again and again. */
const slack = 1.25;
/** Random, so that file systems that compress do not make nothing of it. */
const blockBytes = 1024 * 1024;

/** Opens the reserve of a directory, which is made by `look` when it is missing. */
export async function openReserve({
  directory,
  sizeBytes,
  files,
  conditions = ignoreConditions,
}: DiskReserveDeps): Promise<DiskReserve> {
  if (sizeBytes === 0) {
    await files.remove(files.join(directory, fileName));
    return { ...noReserve, look: () => files.space(directory) };
  }
  const space = await files.space(directory);
  const wantedBytes = Math.floor(Math.min(sizeBytes, (space?.totalBytes ?? Number.POSITIVE_INFINITY) * largestShare));
  const path = files.join(directory, fileName);
  const isThere = (await files.facts(path))?.sizeBytes === wantedBytes;
  return new FileReserve({ directory, path, wantedBytes, files, conditions }, isThere);
}

const fileName = 'reserve';

interface FileReserveDeps {
  readonly directory: string;
  readonly path: string;
  readonly wantedBytes: number;
  readonly files: Files;
  readonly conditions: ConditionSink;
}

class FileReserve implements DiskReserve {
  readonly #deps: FileReserveDeps;
  #isThere: boolean;
  #isShort = false;

  constructor(deps: FileReserveDeps, isThere: boolean) {
    this.#deps = deps;
    this.#isThere = isThere;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  async release(): Promise<boolean> {
    if (!this.#isThere) return false;
    this.#isThere = false;
    this.#isShort = true;
    await this.#deps.files.remove(this.#deps.path);
    return true;
  }

  async look(): Promise<DiskSpace | null> {
    const { files, directory, path, wantedBytes, conditions } = this.#deps;
    const space = await files.space(directory);
    if (this.#isThere && (await files.facts(path)) === null) {
      this.#isThere = false;
      conditions.note(new ConditionError('fileRemoved', path));
    }
    if (this.#isThere) return space;
    const hasRoom = space === null || space.freeBytes >= slack * wantedBytes;
    this.#isShort = !(hasRoom && (await this.#make()));
    return space;
  }

  /** @returns false when the disk has no room for it. */
  async #make(): Promise<boolean> {
    const { files, path, wantedBytes } = this.#deps;
    const temporary = files.temporaryBeside(path);
    try {
      await using writer = await files.create(temporary);
      const block = randomBytes(Math.min(blockBytes, wantedBytes));
      for (let left = wantedBytes; left > 0; left -= block.length) await writer.write(block.subarray(0, left));
      await writer.close();
      await files.rename(temporary, path);
    } catch {
      // No room after all; whatever else is wrong shows where mail is stored.
      await files.remove(temporary).catch(() => undefined);
      return false;
    }
    this.#isThere = true;
    return true;
  }
}
