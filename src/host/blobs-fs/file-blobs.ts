import { noReserve, type DiskReserve } from '#host/disk-reserve';
import { errorCode, type Files, type FolderGuard } from '#host/files';
import { accountId } from '#lib/ids';
import { BlobMissing, type BlobId, type BlobOwner, type BlobReader } from '#ports/blobs';
import { ConditionError, ignoreConditions, type ConditionSink } from '#ports/conditions';
import type { FileReader, FileWriter } from '#ports/file-system';
import type { Random } from '#ports/random';
import { ConditionBlobs } from './condition-blobs.ts';
import type { FolderBlobs } from './folder-blobs.ts';

/** Arguments of `openBlobs`. */
export interface FileBlobsDeps {
  /** Holds the owners' folders and `tmp`; made when missing. */
  readonly directory: string;
  readonly files: Files;
  readonly random: Random;
  /** Space kept back: while it is in use, no new blob is written. */
  readonly reserve?: DiskReserve;
  readonly conditions?: ConditionSink;
  /** Guard of `directory`: without it folders that are missing are made again in any case. */
  readonly guard?: FolderGuard;
}

/**
 * Opens a blob store in a directory, and clears what a crash left half written or on its way in: one process at a time may open it.
 * A blob is the file `<owner>/<two letters>/<id>`, on its way in `incoming/<id>`.
 */
export async function openBlobs(deps: FileBlobsDeps): Promise<FolderBlobs> {
  const { files, directory } = deps;
  await files.ensureDirectory(files.join(directory, queueName));
  for (const name of [temporaryName, incomingName]) {
    const path = files.join(directory, name);
    await files.ensureDirectory(path);
    for (const entry of await files.list(path)) {
      const inner = files.join(path, entry.name);
      await (entry.isDirectory ? files.removeTree(inner) : files.erase(inner));
    }
  }
  const { reserve = noReserve, conditions = ignoreConditions } = deps;
  return new ConditionBlobs({ blobs: new FileBlobs(deps), directory, reserve, conditions });
}

const temporaryName = 'tmp';
const incomingName = 'incoming';
const queueName = 'queue';
/** Smaller pieces are joined, since each write is a trip to the thread pool. */
const writeBytes = 64 * 1024;
/** 128 random bits: never twice. */
const idBytes = 16;
/** Folders known to exist that are remembered. */
const maxKnownFolders = 20_000;

class FileBlobs implements FolderBlobs {
  readonly #directory: string;
  readonly #files: Files;
  readonly #random: Random;
  readonly #guard: FolderGuard | null;
  readonly #conditions: ConditionSink;
  readonly #folders = new Set<string>();
  /** Syncs of incoming blobs that are under way or have failed; each removes itself when it succeeds. */
  readonly #syncs = new Map<BlobId, Promise<void>>();
  /** Number of readers of each open file, by its path. */
  readonly #readers = new Map<string, number>();

  constructor({ directory, files, random, guard, conditions = ignoreConditions }: FileBlobsDeps) {
    this.#directory = directory;
    this.#files = files;
    this.#random = random;
    this.#guard = guard ?? null;
    this.#conditions = conditions;
  }

  async restoreFolders(): Promise<readonly string[]> {
    const missing: string[] = [];
    if ((await this.#guard?.restore()) === true) missing.push(this.#directory);
    for (const name of [temporaryName, incomingName, queueName]) {
      const path = this.#files.join(this.#directory, name);
      if ((await this.#files.facts(path)) !== null) continue;
      await this.#files.ensureDirectory(path);
      // One that is gone with the folder around it is not another trouble.
      if (missing[0] !== this.#directory) missing.push(path);
    }
    for (const path of missing) this.#noteRemoved(path);
    return missing;
  }

  async put(
    owner: BlobOwner,
    source: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<{ readonly id: BlobId; readonly sizeBytes: number }> {
    const id = this.#newId();
    if (owner === 'incoming') return { id, sizeBytes: await this.#receive(id, source, signal) };
    const temporary = this.#files.join(this.#directory, temporaryName, id);
    try {
      const sizeBytes = await this.#fill(temporary, source, signal);
      await this.#inFolder(owner, id, () => this.#files.publish(temporary, this.#path(owner, id)));
      return { id, sizeBytes };
    } catch (error) {
      await this.#files.remove(temporary);
      throw error;
    }
  }

  async open(owner: BlobOwner, id: BlobId): Promise<BlobReader> {
    const path = this.#path(owner, id);
    this.#readers.set(path, (this.#readers.get(path) ?? 0) + 1);
    try {
      return new Reader(await this.#files.open(path), () => this.#closed(path));
    } catch (error) {
      this.#closed(path);
      throw missing(error, owner, id);
    }
  }

  #closed(path: string): void {
    const left = (this.#readers.get(path) ?? 1) - 1;
    if (left === 0) this.#readers.delete(path);
    else this.#readers.set(path, left);
  }

  async share(from: { readonly owner: BlobOwner; readonly id: BlobId }, to: BlobOwner): Promise<BlobId> {
    const id = this.#newId();
    const source = this.#path(from.owner, from.id);
    // The bytes and their new name go to the disk at the same time.
    const synced = this.#syncs.get(from.id);
    const shared = this.#inFolder(to, id, () => this.#files.share(source, this.#path(to, id)));
    const [named, written] = await Promise.allSettled([shared, synced]);
    if (named.status === 'rejected') throw missing(named.reason, from.owner, from.id);
    if (written.status === 'rejected') throw written.reason;
    return id;
  }

  async remove(owner: BlobOwner, id: BlobId): Promise<void> {
    // Windows does not remove what is open.
    await this.#syncs.get(id)?.catch(() => undefined);
    this.#syncs.delete(id);
    const path = this.#path(owner, id);
    // Those who still read it keep its bytes.
    await (this.#readers.has(path) ? this.#files.remove(path) : this.#files.erase(path));
  }

  async *list(
    owner: BlobOwner,
  ): AsyncIterable<{ readonly id: BlobId; readonly sizeBytes: number; readonly modifiedMs: number }> {
    const ownerPath = this.#files.join(this.#directory, String(owner));
    if (owner === 'incoming') return yield* this.#listFolder(ownerPath);
    for (const { name, isDirectory } of await this.#files.list(ownerPath)) {
      if (isDirectory) yield* this.#listFolder(this.#files.join(ownerPath, name));
    }
  }

  async *#listFolder(path: string): ReturnType<FolderBlobs['list']> {
    for (const { name } of await this.#files.list(path)) {
      if (!isBlobId(name)) continue;
      const facts = await this.#files.facts(this.#files.join(path, name));
      // Null: removed since the folder was read.
      if (facts !== null) yield { id: name, sizeBytes: facts.sizeBytes, modifiedMs: facts.modifiedMs };
    }
  }

  async *owners(): AsyncIterable<BlobOwner> {
    for (const { name, isDirectory } of await this.#files.list(this.#directory)) {
      const owner = isDirectory ? ownerOf(name) : null;
      if (owner === null) continue;
      for await (const _first of this.list(owner)) {
        yield owner;
        break;
      }
    }
  }

  /** Writes an incoming blob and begins its sync. @returns its size. */
  async #receive(id: BlobId, source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<number> {
    const path = this.#path('incoming', id);
    const writer = await this.#create(path);
    let sizeBytes: number;
    try {
      sizeBytes = await writeAll(writer, source, signal);
    } catch (error) {
      await writer.close();
      await this.#files.remove(path);
      throw error;
    }
    const sync = syncAndClose(writer);
    this.#syncs.set(id, sync);
    // A failure stays, for `share`.
    sync.then(
      () => this.#syncs.delete(id),
      () => undefined,
    );
    return sizeBytes;
  }

  /** @returns the size of the new file, which is synced and closed. */
  async #fill(path: string, source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<number> {
    await using writer = await this.#create(path);
    const sizeBytes = await writeAll(writer, source, signal);
    await writer.datasync();
    return sizeBytes;
  }

  #newId(): BlobId {
    return Buffer.from(this.#random.bytes(idBytes)).toString('hex') as BlobId;
  }

  #path(owner: BlobOwner, id: BlobId): string {
    // Ids come from our own rows; the check keeps a damaged row from naming a file outside.
    if (!isBlobId(id)) throw new BlobMissing(`bad blob id ${JSON.stringify(id)}`);
    if (owner === 'incoming') return this.#files.join(this.#directory, incomingName, id);
    return this.#files.join(this.#directory, String(owner), id.slice(0, 2), id);
  }

  /** Makes a new file in a folder of the store, and the folder when it was removed. */
  async #create(path: string): Promise<FileWriter> {
    try {
      return await this.#files.create(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
      const folder = this.#files.parentOf(path) ?? path;
      await this.#noteMissing(folder);
      await this.#files.ensureDirectory(folder);
      return await this.#files.create(path);
    }
  }

  /** Gives a blob its name in its folder, which is made first, and made again when it was removed since. */
  async #inFolder(owner: BlobOwner, id: BlobId, name: () => Promise<void>): Promise<void> {
    const folder = this.#files.join(this.#directory, String(owner), id.slice(0, 2));
    const isKnown = this.#folders.has(folder);
    if (!isKnown) {
      await this.#guard?.restore();
      await this.#makeFolder(folder);
    }
    try {
      await name();
    } catch (error) {
      if (!isKnown || !isMissing(error)) throw error;
      await this.#noteMissing(folder);
      // Whatever removed this folder may have removed others as well.
      this.#folders.clear();
      await this.#makeFolder(folder);
      // Fails again when it is the bytes that are gone.
      await name();
    }
  }

  /** Notes that a folder is missing, or the one around it. @throws ConditionError when that was moved away. */
  async #noteMissing(folder: string): Promise<void> {
    if ((await this.#guard?.restore()) === true) this.#noteRemoved(this.#directory);
    else if ((await this.#files.facts(folder)) === null) this.#noteRemoved(folder);
  }

  #noteRemoved(folder: string): void {
    this.#conditions.note(new ConditionError('fileRemoved', folder));
  }

  async #makeFolder(folder: string): Promise<void> {
    await this.#files.ensureDirectory(folder);
    if (this.#folders.size >= maxKnownFolders) this.#folders.clear();
    this.#folders.add(folder);
  }
}

class Reader implements BlobReader {
  readonly #file: FileReader;
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(file: FileReader, onClose: () => void) {
    this.#file = file;
    this.#onClose = onClose;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  bytes(start: number, end: number): Promise<Uint8Array> {
    return this.#file.bytes(Math.max(0, start), Math.min(end, this.#file.sizeBytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#file.close();
    } finally {
      this.#onClose();
    }
  }
}

/** @returns how many bytes there were. */
async function writeAll(
  writer: FileWriter,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<number> {
  signal?.throwIfAborted();
  const joiner = new Joiner(writer);
  let sizeBytes = 0;
  for await (const bytes of source) {
    signal?.throwIfAborted();
    sizeBytes += bytes.length;
    await joiner.write(bytes);
  }
  await joiner.flush();
  signal?.throwIfAborted();
  return sizeBytes;
}

async function syncAndClose(writer: FileWriter): Promise<void> {
  try {
    await writer.datasync();
  } finally {
    await writer.close();
  }
}

/** Joins small pieces into large writes. */
class Joiner {
  readonly #writer: FileWriter;
  #buffer: Uint8Array | null = null;
  #filled = 0;

  constructor(writer: FileWriter) {
    this.#writer = writer;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#filled + bytes.length > writeBytes) await this.flush();
    if (bytes.length >= writeBytes) {
      await this.#writer.write(bytes);
      return;
    }
    this.#buffer ??= new Uint8Array(writeBytes);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  async flush(): Promise<void> {
    if (this.#buffer === null || this.#filled === 0) return;
    await this.#writer.write(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

function isBlobId(name: string): name is BlobId {
  return /^[0-9a-f]{32}$/.test(name);
}

function ownerOf(name: string): BlobOwner | null {
  if (name === 'queue' || name === 'incoming') return name;
  return /^[1-9][0-9]{0,15}$/.test(name) ? accountId(Number(name)) : null;
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

function missing(error: unknown, owner: BlobOwner, id: BlobId): unknown {
  return isMissing(error) ? new BlobMissing(`no blob ${id} of ${owner}`) : error;
}
