import type { FileCutter, FileReader, FileSystem, FileWriter, SyncHandle } from '#ports/file-system';
import { errorCode } from './error-code.ts';
import { defaultFileLimits, type FileLimits } from './limits.ts';
import { nodeFileSystem } from './node-file-system.ts';

/** Dependencies of `Files`; all have defaults that are right in production. */
export interface FilesDeps {
  readonly system?: FileSystem;
  /** Waits between tries of a file that another process holds open. */
  readonly pause?: (ms: number) => Promise<void>;
  readonly limits?: Partial<FileLimits>;
}

/**
 * Files as a mail server needs them: what it says is durable survives a power cut, on POSIX and on Windows.
 * Files are published under new names once whole; nothing we hold open is renamed or removed.
 */
export class Files {
  readonly #system: FileSystem;
  readonly #pause: (ms: number) => Promise<void>;
  readonly #limits: FileLimits;
  #temporaries = 0;
  /** Directory syncs asked for but not begun: one call to the system answers all of them. */
  readonly #directorySyncs = new Map<string, Promise<void>>();
  readonly #runningSyncs = new Map<string, Promise<void>>();

  constructor({ system = nodeFileSystem, pause = defaultPause, limits }: FilesDeps = {}) {
    this.#system = system;
    this.#pause = pause;
    this.#limits = { ...defaultFileLimits, ...limits };
  }

  /** Joins names with the separator of the system. */
  join(...names: readonly string[]): string {
    return names.join(this.#system.separator);
  }

  /** Makes the directory and its parents (mode 0700); they are durable when it resolves. Idempotent. */
  async ensureDirectory(path: string): Promise<void> {
    const parent = this.parentOf(path);
    try {
      await this.#system.makeDirectory(path);
    } catch (error) {
      // Windows says EPERM of the root of a drive, which is always there.
      if (errorCode(error) === 'EPERM' && this.#system.isWindows && (await this.facts(path))?.isDirectory) return;
      // One that is there may have been made a moment ago, and not be durable yet.
      if (errorCode(error) !== 'EEXIST') {
        if (errorCode(error) !== 'ENOENT' || parent === null) throw error;
        await this.ensureDirectory(parent);
        // Once more, and no more than once: a system that still says no means it.
        await this.#system.makeDirectory(path).catch((again: unknown) => {
          if (errorCode(again) !== 'EEXIST') throw again;
        });
      }
    }
    if (parent !== null) await this.syncDirectory(parent);
  }

  /** The directory that holds `path`, null at the root (`/`, `C:`, `C:\`). */
  parentOf(path: string): string | null {
    const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf(this.#system.separator));
    // `C:` alone would be whatever directory the process uses on that drive.
    if (this.#system.isWindows && /^[A-Za-z]:(?:[\\/][^\\/]*)?$/.test(path)) {
      return path.length > 3 ? path.slice(0, 3) : null;
    }
    if (end < 0) return '.';
    return end === 0 ? (path.length > 1 ? path.slice(0, 1) : null) : path.slice(0, end);
  }

  /** Makes a new file for writing. @throws EEXIST when there is one. */
  create(path: string): Promise<FileWriter> {
    return this.#system.create(path);
  }

  /** Opens a file for reading. @throws ENOENT when there is none. */
  open(path: string): Promise<FileReader> {
    return this.#system.open(path);
  }

  /** Opens a file that another component writes, to flush it. */
  openForSync(path: string): Promise<SyncHandle> {
    return this.#system.openForSync(path);
  }

  /**
   * Gives a finished, synced and closed file its final, NEW name in the same directory; durable when it resolves.
   * Never pass a name that exists: POSIX would replace it, Windows refuse.
   */
  async publish(temporary: string, final: string): Promise<void> {
    await this.rename(temporary, final);
    await this.syncDirectory(this.parentOf(final) ?? final);
  }

  /** As `publish`, but the name may be gone after a power cut. */
  async rename(temporary: string, final: string): Promise<void> {
    await this.#retried(() => this.#system.rename(temporary, final));
  }

  /** Makes the bytes of `from` available as the new file `to`: a hard link, or a copy where there are none; durable when it resolves. */
  async share(from: string, to: string): Promise<void> {
    try {
      await this.#system.link(from, to);
    } catch (error) {
      if (!cannotLink.has(errorCode(error) ?? '')) throw error;
      await this.#copyDurably(from, to);
    }
    await this.syncDirectory(this.parentOf(to) ?? to);
  }

  /** Removes a file, waiting for others who hold it open; idempotent. Not durable: a removed file may come back after a power cut. */
  async remove(path: string): Promise<void> {
    try {
      await this.#retried(() => this.#system.unlink(path));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  /**
   * Removes a file that this process no longer reads, and gives its space back in pieces: one call for all of a large file keeps a core in the
   * system for a tenth of a second. The bytes of a file that has another name stay. Idempotent. A file that was cut has lost its name for good before.
   */
  async erase(path: string): Promise<void> {
    // An open file cannot be removed.
    if (this.#system.isWindows) return this.remove(path);
    let cutter: FileCutter;
    try {
      cutter = await this.#system.openForCutting(path);
    } catch (error) {
      // Opening it may be impossible where removing it is not.
      if (errorCode(error) !== 'ENOENT') await this.remove(path);
      return;
    }
    try {
      await this.remove(path);
      const { eraseBytes } = this.#limits;
      if (cutter.sizeBytes <= eraseBytes || (await cutter.linkCount()) > 0) return;
      await this.syncDirectory(this.parentOf(path) ?? path);
      for (let left = cutter.sizeBytes; left > eraseBytes;) {
        left -= eraseBytes;
        await cutter.cut(left);
      }
    } finally {
      await cutter.close();
    }
  }

  /** Removes a directory and erases all that is in it; idempotent. */
  async removeTree(path: string): Promise<void> {
    for (const entry of await this.list(path)) {
      const inner = this.join(path, entry.name);
      await (entry.isDirectory ? this.removeTree(inner) : this.erase(inner));
    }
    try {
      await this.#retried(() => this.#system.removeDirectory(path));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  /** Names in a directory, in no order; none when there is no such directory. */
  async list(path: string): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]> {
    try {
      return await this.#system.list(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** Size and time of a file or directory, null when there is none. */
  async facts(path: string): Promise<{
    readonly sizeBytes: number;
    readonly modifiedMs: number;
    readonly isDirectory: boolean;
  } | null> {
    try {
      return await this.#system.facts(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** Free and total space of the file system that holds `path`, for users who are not root; null where the system does not say. */
  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | null> {
    return this.#system.space(path);
  }

  /** A small file, whole; null when there is none. @throws RangeError when larger than `maxBytes`. */
  async read(path: string, maxBytes: number = this.#limits.maxSmallFileBytes): Promise<Uint8Array | null> {
    let reader: FileReader;
    try {
      reader = await this.#system.open(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
    try {
      if (reader.sizeBytes > maxBytes) throw new RangeError(`${path} has ${reader.sizeBytes} bytes, over ${maxBytes}`);
      return await reader.bytes(0, reader.sizeBytes);
    } finally {
      await reader.close();
    }
  }

  /** Writes a small file so that readers see the old one or the new one, never a part; durable when it resolves. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = this.temporaryBeside(path);
    try {
      const writer = await this.#system.create(temporary);
      try {
        await writer.write(bytes);
        await writer.datasync();
      } finally {
        await writer.close();
      }
      // A reader of ours has the old file open for a moment only, so waiting is enough on Windows.
      await this.#retried(() => this.#system.rename(temporary, path));
    } catch (error) {
      await this.remove(temporary).catch(() => undefined);
      throw error;
    }
    await this.syncDirectory(this.parentOf(path) ?? path);
  }

  /** A fresh name in the directory of `path` that `isTemporary` knows. */
  temporaryBeside(path: string): string {
    this.#temporaries += 1;
    return `${path}.${process.pid.toString(36)}-${this.#temporaries.toString(36)}.tmp`;
  }

  /** Reports whether a name was made by `temporaryBeside`: after a crash such files are rubbish. */
  isTemporary(name: string): boolean {
    return name.endsWith('.tmp');
  }

  /**
   * Makes the names in a directory durable as they are now; nothing to do on Windows, which has no such call.
   * Calls for one directory that wait at the same time share one sync, begun after all of them.
   */
  syncDirectory(path: string): Promise<void> {
    if (this.#system.isWindows) return Promise.resolve();
    const waiting = this.#directorySyncs.get(path);
    if (waiting !== undefined) return waiting;
    const sync = this.#syncDirectoryAfter(path, this.#runningSyncs.get(path) ?? null);
    this.#directorySyncs.set(path, sync);
    return sync;
  }

  async #syncDirectoryAfter(path: string, running: Promise<void> | null): Promise<void> {
    // A sync in flight may have missed our entry: wait for it, then begin another. Its failure is reported to its own callers.
    await running?.catch(() => undefined);
    this.#directorySyncs.delete(path);
    const sync = this.#system.syncDirectory(path);
    this.#runningSyncs.set(path, sync);
    try {
      await sync;
    } finally {
      if (this.#runningSyncs.get(path) === sync) this.#runningSyncs.delete(path);
    }
  }

  async #copyDurably(from: string, to: string): Promise<void> {
    const temporary = this.temporaryBeside(to);
    try {
      await this.#system.copy(from, temporary);
      const handle = await this.#system.openForSync(temporary);
      try {
        await new Promise<void>((resolve, reject) => {
          handle.datasync((error) => (error === null ? resolve() : reject(error)));
        });
      } finally {
        await handle.close();
      }
      await this.#retried(() => this.#system.rename(temporary, to));
    } catch (error) {
      await this.remove(temporary).catch(() => undefined);
      throw error;
    }
  }

  /** Virus scanners and backup programs open files without sharing; they let go soon. */
  async #retried(call: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await call();
        return;
      } catch (error) {
        const mayPass = this.#system.isWindows && heldOpen.has(errorCode(error) ?? '');
        if (!mayPass || tries === this.#limits.maxTries) throw error;
        await this.#pause(Math.min(this.#limits.maxPauseMs, 2 ** tries));
      }
    }
  }
}

const heldOpen: ReadonlySet<string> = new Set(['EBUSY', 'EPERM', 'EACCES']);
const cannotLink: ReadonlySet<string> = new Set([
  'EPERM',
  'EXDEV',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'ENOSYS',
  'EINVAL',
  'EISDIR',
]);

function defaultPause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
