import type { FileCutter, FileReader, FileSystem, FileWriter, SyncHandle } from '#ports/file-system';
import { close, constants, fdatasync, fstatSync, open as openDescriptor, readSync } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  statfs,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { sep } from 'node:path';
import { promisify } from 'node:util';

const isWindows = process.platform === 'win32';

/** The machine's own file system. */
export const nodeFileSystem: FileSystem = {
  isWindows,
  separator: sep === '\\' ? '\\' : '/',
  create: async (path) => new NodeWriter(await open(path, 'wx', 0o600)),
  async open(path) {
    const handle = await open(path, 'r');
    try {
      const facts = await handle.stat();
      // POSIX says so when it is read; on Windows a folder would be an empty file.
      if (facts.isDirectory()) throw Object.assign(new Error(`EISDIR: ${path} is a folder`), { code: 'EISDIR' });
      return new NodeReader(handle, facts.size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
  async openForSync(path) {
    // FlushFileBuffers needs a handle opened for writing; a plain descriptor keeps the garbage collector out of it.
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    openDescriptor(path, isWindows ? 'r+' : 'r', (error, fd) => (error === null ? resolve(fd) : reject(error)));
    return new NodeSyncHandle(await promise);
  },
  async openForCutting(path) {
    const handle = await open(path, 'r+');
    try {
      return new NodeCutter(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
  link,
  copy: (from, to) => copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
  rename,
  unlink,
  makeDirectory: (path) => mkdir(path, { mode: 0o700 }),
  removeDirectory: (path) => rmdir(path),
  async list(path) {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  },
  async facts(path) {
    const facts = await stat(path);
    return { sizeBytes: facts.size, modifiedMs: Math.floor(facts.mtimeMs), isDirectory: facts.isDirectory() };
  },
  async space(path) {
    const { bsize, bavail, blocks } = await statfs(path);
    // Some file systems have no size, such as those of many machines.
    return blocks === 0 ? null : { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
  async syncDirectory(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

class NodeWriter implements FileWriter {
  readonly #handle: FileHandle;
  #closed = false;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += (await this.#handle.write(bytes, at)).bytesWritten;
  }

  async datasync(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class NodeReader implements FileReader {
  readonly #handle: FileHandle;
  readonly sizeBytes: number;
  #closed = false;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  async bytes(start: number, end: number): Promise<Uint8Array> {
    const into = new Uint8Array(Math.max(0, Math.min(end, this.sizeBytes) - start));
    let filled = 0;
    while (filled < into.length) {
      const { bytesRead } = await this.#handle.read(into, filled, into.length - filled, start + filled);
      if (bytesRead === 0) return into.subarray(0, filled);
      filled += bytesRead;
    }
    return into;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class NodeCutter implements FileCutter {
  readonly #handle: FileHandle;
  readonly sizeBytes: number;
  #closed = false;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  async linkCount(): Promise<number> {
    return (await this.#handle.stat()).nlink;
  }

  async cut(sizeBytes: number): Promise<void> {
    await this.#handle.truncate(sizeBytes);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}

const closeDescriptor = promisify(close);

class NodeSyncHandle implements SyncHandle {
  readonly #descriptor: number;
  #closed = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  datasync(done: (error: Error | null) => void): void {
    if (this.#closed) done(new Error('the file is closed'));
    else fdatasync(this.#descriptor, done);
  }

  linkCount(): number {
    return fstatSync(this.#descriptor).nlink;
  }

  head(maxBytes: number): Uint8Array {
    const into = new Uint8Array(maxBytes);
    return into.subarray(0, readSync(this.#descriptor, into, 0, maxBytes, 0));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await closeDescriptor(this.#descriptor);
  }
}
