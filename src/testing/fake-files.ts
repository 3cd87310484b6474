import { nodeFileSystem } from '#host/files';
import type { FileReader, FileSystem, FileWriter } from '#ports/file-system';

/** Calls that can be made to fail. */
export type FailingCall = 'rename' | 'unlink' | 'link' | 'create' | 'open';

/** A file system with the manners of Windows, on any machine. */
export interface WindowsFileSystem extends FileSystem {
  /** The next `times` calls of that kind fail, as when a virus scanner has the file open. */
  failNext(call: FailingCall, code: 'EBUSY' | 'EPERM' | 'EACCES', times: number): void;
}

/**
 * Makes a file system behave like Windows: files that are open cannot be renamed, replaced or removed, directories cannot be synced,
 * some characters are not allowed in names.
 * @param separator  `/` where paths also go to code that knows the real system only, such as SQLite.
 */
export function windowsFileSystem(
  base: FileSystem = nodeFileSystem,
  separator: FileSystem['separator'] = '\\',
): WindowsFileSystem {
  const isOpen = new OpenFiles();
  const failures = new Map<FailingCall, { code: string; times: number }>();
  const real = (path: string): string => path.replaceAll('\\', '/');

  const check = (call: FailingCall, ...paths: readonly string[]): void => {
    const failure = failures.get(call);
    if (failure !== undefined && failure.times > 0) {
      failure.times -= 1;
      throw systemError(failure.code, call, paths[0]);
    }
    for (const path of paths) {
      if (/[<>:"|?*]/.test(path.replace(/^[A-Za-z]:/, ''))) throw systemError('EINVAL', call, path);
      if ((call === 'rename' || call === 'unlink') && isOpen.has(path)) throw systemError('EBUSY', call, path);
    }
  };

  return {
    isWindows: true,
    separator,
    failNext: (call, code, times) => failures.set(call, { code, times }),
    async create(path) {
      check('create', real(path));
      const writer = await base.create(real(path));
      return isOpen.writer(real(path), writer);
    },
    async open(path) {
      check('open', real(path));
      return isOpen.reader(real(path), await base.open(real(path)));
    },
    openForSync: (path) => base.openForSync(real(path)),
    openForCutting: (path) => base.openForCutting(real(path)),
    async link(from, to) {
      check('link', real(from), real(to));
      await base.link(real(from), real(to));
    },
    copy: (from, to) => base.copy(real(from), real(to)),
    async rename(from, to) {
      check('rename', real(from), real(to));
      await base.rename(real(from), real(to));
    },
    async unlink(path) {
      check('unlink', real(path));
      await base.unlink(real(path));
    },
    makeDirectory: (path) => base.makeDirectory(real(path)),
    removeDirectory: (path) => base.removeDirectory(real(path)),
    list: (path) => base.list(real(path)),
    facts: (path) => base.facts(real(path)),
    space: (path) => base.space(real(path)),
    async syncDirectory(path) {
      throw systemError('EPERM', 'open', path);
    },
  };
}

/** An error as Node's `fs` makes it. */
export function systemError(code: string, call: string, path = ''): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code });
}

/** Counts the handles on each path. */
class OpenFiles {
  readonly #counts = new Map<string, number>();

  has(path: string): boolean {
    return this.#counts.has(path);
  }

  writer(path: string, writer: FileWriter): FileWriter {
    const close = this.#opened(path, writer);
    return {
      write: (bytes) => writer.write(bytes),
      datasync: () => writer.datasync(),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  reader(path: string, reader: FileReader): FileReader {
    const close = this.#opened(path, reader);
    return {
      sizeBytes: reader.sizeBytes,
      bytes: (start, end) => reader.bytes(start, end),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  #opened(path: string, file: { close(): Promise<void> }): () => Promise<void> {
    this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
    let isClosed = false;
    return async () => {
      await file.close();
      if (isClosed) return;
      isClosed = true;
      const left = (this.#counts.get(path) ?? 1) - 1;
      if (left === 0) this.#counts.delete(path);
      else this.#counts.set(path, left);
    };
  }
}
