import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { nodeFileSystem } from '#host/files';
import type { FileCutter, FileSystem, FileWriter, SyncHandle } from '#ports/file-system';

/** A file system that remembers what was synced, and can show what a power cut would leave. */
export interface CrashFileSystem extends FileSystem {
  /**
   * Writes into `target`, a new directory, what could be left of the root if the power failed now. What was synced is there;
   * of everything else `random` (0 ≤ x < 1) decides: each name kept or lost, each file's unsynced bytes kept, lost or torn.
   */
  imageAfterPowerLoss(target: string, random: () => number): void;
}

/** A file or directory, whatever its names are. */
interface Inode {
  /** `foreign` files are written by SQLite and not through us. */
  kind: 'file' | 'directory' | 'foreign';
  /** Another hard link, outside the root, so that removed files can come back; empty for the other kinds. */
  readonly shadow: string;
  /** Bytes of a `file` that are synced; files are only appended to. */
  syncedBytes: number;
  /** Contents of a `foreign` file when its last completed sync began, null when there was none. */
  synced: Uint8Array | null;
  /** Contents of a `foreign` file that we removed, as they may come back; null before that. */
  removed: Uint8Array | null;
}

/**
 * Watches everything under `root`, which is durable as it is now; `shadows` is a directory on the same file system for its own use.
 *
 * The model of SQLite: a file that it writes is durable as it was when our last completed flush of it began; each later sector is old or
 * new. A database file that SQLite made is durable as it was when it was first opened for flushes; one that we made, as far as it was synced. From then on it
 * changes in checkpoints only, of which the last is made before it is closed.
 */
export function crashFileSystem(root: string, shadows: string): CrashFileSystem {
  return new CrashLayer(root, shadows);
}

const sectorBytes = 512;

/** Returns the names that a file has outside the root, which nothing but this layer knows. */
function shadowsOf({ shadow }: Inode): number {
  return shadow !== '' && existsSync(shadow) ? 1 : 0;
}

class CrashLayer implements CrashFileSystem {
  readonly isWindows = false;
  readonly separator: '/' | '\\' = sep === '\\' ? '\\' : '/';
  readonly #base = nodeFileSystem;
  readonly #root: string;
  readonly #shadows: string;
  #shadowCount = 0;
  /** Current inode of each path. */
  readonly #inodes = new Map<string, Inode>();
  /** The names of each directory when its last completed sync began. */
  readonly #durable = new Map<string, ReadonlyMap<string, Inode>>();

  constructor(root: string, shadows: string) {
    this.#root = root;
    this.#shadows = shadows;
    this.#keep(root);
  }

  async create(path: string): Promise<FileWriter> {
    const writer = await this.#base.create(path);
    const inode = this.#track(path);
    let writtenBytes = 0;
    return {
      async write(bytes) {
        await writer.write(bytes);
        writtenBytes += bytes.length;
      },
      async datasync() {
        const sizeBytes = writtenBytes;
        await writer.datasync();
        inode.syncedBytes = Math.max(inode.syncedBytes, sizeBytes);
      },
      close: () => writer.close(),
      [Symbol.asyncDispose]: () => writer.close(),
    };
  }

  open = (path: string): ReturnType<FileSystem['open']> => this.#base.open(path);
  list = (path: string): ReturnType<FileSystem['list']> => this.#base.list(path);
  facts = (path: string): ReturnType<FileSystem['facts']> => this.#base.facts(path);
  space = (path: string): ReturnType<FileSystem['space']> => this.#base.space(path);

  // A file has no name anymore when it is cut; if its removal is lost, what was synced of it comes back.
  async openForCutting(path: string): Promise<FileCutter> {
    const cutter = await this.#base.openForCutting(path);
    const inode = this.#inodeAt(path);
    return {
      sizeBytes: cutter.sizeBytes,
      linkCount: async () => (await cutter.linkCount()) - shadowsOf(inode),
      cut: (sizeBytes) => cutter.cut(sizeBytes),
      close: () => cutter.close(),
    };
  }

  async openForSync(path: string): Promise<SyncHandle> {
    const handle = await this.#base.openForSync(path);
    const inode = this.#inodeAt(path);
    const isDatabase = !path.endsWith('-wal');
    // Whatever SQLite itself wrote to a database before this, when it made it, it also synced.
    if (inode.kind === 'foreign' && isDatabase) inode.synced ??= readFileSync(path);
    // One that we made, and that SQLite changes from now on.
    if (inode.kind === 'file' && path.endsWith('.db')) {
      inode.synced = readFileSync(path).subarray(0, inode.syncedBytes);
      inode.kind = 'foreign';
      // It would count as a name of the file.
      rmSync(inode.shadow);
    }
    return {
      datasync: (done) => {
        // A log may be removed while the last flush of it, which nothing waits for anymore, is under way.
        const bytes = existsSync(path) ? readFileSync(path) : null;
        handle.datasync((error) => {
          if (error === null && bytes !== null) {
            inode.syncedBytes = Math.max(inode.syncedBytes, bytes.length);
            if (inode.kind === 'foreign') inode.synced = bytes;
          }
          done(error);
        });
      },
      linkCount: () => handle.linkCount() - shadowsOf(inode),
      head: (maxBytes) => handle.head(maxBytes),
      close: () => handle.close(),
    };
  }

  async link(from: string, to: string): Promise<void> {
    await this.#base.link(from, to);
    this.#inodes.set(to, this.#inodeAt(from));
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#base.copy(from, to);
    this.#track(to);
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inodeAt(from);
    await this.#base.rename(from, to);
    this.#inodes.delete(from);
    this.#inodes.set(to, inode);
  }

  async unlink(path: string): Promise<void> {
    const inode = this.#inodes.get(path);
    // Its name may come back, with what was synced.
    if (inode?.kind === 'foreign') inode.removed = inode.synced ?? readFileSync(path);
    await this.#base.unlink(path);
    this.#inodes.delete(path);
  }

  async makeDirectory(path: string): Promise<void> {
    const isNew = !existsSync(path);
    await this.#base.makeDirectory(path);
    if (isNew) this.#durable.delete(path);
  }

  async removeDirectory(path: string): Promise<void> {
    await this.#base.removeDirectory(path);
    this.#inodes.delete(path);
  }

  async syncDirectory(path: string): Promise<void> {
    const names = this.#names(path);
    if (!this.#base.isWindows) await this.#base.syncDirectory(path);
    this.#durable.set(path, names);
  }

  imageAfterPowerLoss(target: string, random: () => number): void {
    // All in one go: nothing else of this process runs meanwhile. Opening a database file here drops the locks that SQLite has on it,
    // which other processes would notice and this one does not.
    this.#imageOf(this.#root, target, random);
  }

  #imageOf(directory: string, target: string, random: () => number): void {
    mkdirSync(target);
    const now = this.#names(directory);
    const before = this.#durable.get(directory) ?? new Map<string, Inode>();
    for (const name of new Set([...now.keys(), ...before.keys()])) {
      const [current, durable] = [now.get(name), before.get(name)];
      const inode = current === durable || random() < 0.5 ? current : durable;
      if (inode === undefined) continue;
      const [from, to] = [join(directory, name), join(target, name)];
      if (inode.kind === 'directory') this.#imageOf(from, to, random);
      else if (inode.kind === 'file')
        writeFileSync(to, appended(readFileSync(inode.shadow), inode.syncedBytes, random));
      else if (name.endsWith('-shm')) continue;
      else if (inode === current) writeFileSync(to, foreign(from, inode, random));
      else if (inode.removed !== null) writeFileSync(to, inode.removed);
    }
  }

  /** Notes that what a directory holds now is durable. */
  #keep(directory: string): void {
    const names = new Map<string, Inode>();
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const isForeign = /\.db(?:-wal|-shm)?$/.test(name);
      const inode = isForeign || statSync(path).isDirectory() ? this.#inodeAt(path) : this.#track(path);
      names.set(name, inode);
      if (inode.kind === 'directory') this.#keep(path);
      else if (inode.kind === 'file') inode.syncedBytes = statSync(path).size;
      else inode.synced = readFileSync(path);
    }
    this.#durable.set(directory, names);
  }

  #names(directory: string): ReadonlyMap<string, Inode> {
    const names = new Map<string, Inode>();
    // A directory that was removed may come back, too, with the names that it had.
    if (!existsSync(directory)) return names;
    for (const name of readdirSync(directory)) names.set(name, this.#inodeAt(join(directory, name)));
    return names;
  }

  #inodeAt(path: string): Inode {
    let inode = this.#inodes.get(path);
    if (inode === undefined) {
      const kind = statSync(path).isDirectory() ? 'directory' : 'foreign';
      inode = { kind, shadow: '', syncedBytes: 0, synced: null, removed: null };
      this.#inodes.set(path, inode);
    }
    return inode;
  }

  #track(path: string): Inode {
    this.#shadowCount += 1;
    const inode: Inode = {
      kind: 'file',
      shadow: join(this.#shadows, String(this.#shadowCount)),
      syncedBytes: 0,
      synced: null,
      removed: null,
    };
    linkSync(path, inode.shadow);
    this.#inodes.set(path, inode);
    return inode;
  }
}

/** A file that was appended to: the synced part, and of the rest nothing, all, or a part with holes. */
function appended(bytes: Uint8Array, syncedBytes: number, random: () => number): Uint8Array {
  const length = syncedBytes + Math.floor((bytes.length - syncedBytes) * Math.min(1, random() * 1.5));
  const left = bytes.slice(0, length);
  for (let at = syncedBytes; at < length; at += sectorBytes) {
    if (random() < 0.3) left.fill(0, at, Math.min(length, at + sectorBytes));
  }
  return left;
}

function foreign(path: string, inode: Inode, random: () => number): Uint8Array {
  const current = readFileSync(path);
  const isLog = path.endsWith('-wal');
  if (!isLog && inode.synced === null) return current;
  const synced = inode.synced ?? new Uint8Array(0);
  const left = new Uint8Array(random() < 0.5 ? current.length : Math.min(current.length, synced.length));
  left.set(synced.subarray(0, left.length));
  const share = random();
  for (let at = 0; at < left.length; at += sectorBytes) {
    const end = Math.min(left.length, at + sectorBytes);
    if (random() < share) left.set(current.subarray(at, end), at);
  }
  return left;
}
