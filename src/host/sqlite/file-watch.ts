import { statSync } from 'node:fs';
import { isWindows } from '#host/process';
import type { SyncHandle } from '#ports/file-system';

/**
 * `same`: the files that are open are those at their paths. `removed`: the database has no name any more, so that it is gone when it is closed;
 * `logRemoved`: its log has none. `away`: one was moved, and nothing is in its place. `replaced`: another file is in its place, or another program wrote to the database.
 */
export type FileState = 'same' | 'removed' | 'logRemoved' | 'away' | 'replaced';

interface Inode {
  readonly device: number;
  readonly inode: number;
}

/** The header of a SQLite file: each checkpoint of ours changes the counters in it. */
const headBytes = 100;

/** Compares an open database and its log with the files at their paths, in a few microseconds. Windows does not let open files be removed or replaced. */
export class FileWatch {
  readonly #path: string;
  readonly #file: SyncHandle;
  readonly #log: SyncHandle;
  readonly #fileInode: Inode | null;
  readonly #logInode: Inode | null;
  /** Beginning of the database as we wrote it; null while pages are copied to it. */
  #head: Uint8Array | null;

  /** Takes the files at their paths for those that are open: to be made right after they were opened. */
  constructor(path: string, file: SyncHandle, log: SyncHandle) {
    this.#path = path;
    this.#file = file;
    this.#log = log;
    this.#fileInode = isWindows ? null : inodeAt(path);
    this.#logInode = isWindows ? null : inodeAt(`${path}-wal`);
    this.#head = file.head(headBytes);
  }

  /** Notes that we are about to write to the database. */
  beginWriting(): void {
    this.#head = null;
  }

  /** Takes the database as it is for what we wrote. */
  endWriting(): void {
    this.#head = this.#file.head(headBytes);
  }

  /** Compares both files now. */
  look(): FileState {
    if (this.#fileInode === null || this.#logInode === null) return 'same';
    try {
      return this.#look(this.#fileInode, this.#logInode);
    } catch {
      // A folder that may not be looked into, or a disk that fails: the open files still take what is written.
      return 'same';
    }
  }

  #look(fileInode: Inode, logInode: Inode): FileState {
    const file = inodeAt(this.#path);
    if (file === null) return this.#file.linkCount() === 0 ? 'removed' : 'away';
    if (!isSame(file, fileInode)) return 'replaced';
    if (this.#head !== null && Buffer.compare(this.#file.head(headBytes), this.#head) !== 0) return 'replaced';
    const log = inodeAt(`${this.#path}-wal`);
    if (log === null) return this.#log.linkCount() === 0 ? 'logRemoved' : 'away';
    return isSame(log, logInode) ? 'same' : 'replaced';
  }
}

function isSame(a: Inode, b: Inode): boolean {
  return a.inode === b.inode && a.device === b.device;
}

/** The file at a path, null when there is none. @throws the system's error when that cannot be said. */
function inodeAt(path: string): Inode | null {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts === undefined ? null : { device: facts.dev, inode: facts.ino };
}
