import { nodeFileSystem } from '#host/files';
import type { FileSystem, FileWriter } from '#ports/file-system';
import { systemError } from './fake-files.ts';

/** A file system whose disk can become full, fail or change to read-only at any moment. */
export interface FailingFileSystem extends FileSystem {
  /** `code` of the error of every call that writes, null for none. */
  writesFail: string | null;
  /** `code` of the error of every call that opens or reads, null for none. */
  readsFail: string | null;
  /** Space as `space` reports it. */
  freeBytes: number;
  totalBytes: number;
}

/** Makes a file system that fails on demand, as a full or broken disk does. */
export function failingFileSystem(base: FileSystem = nodeFileSystem): FailingFileSystem {
  const failing: FailingFileSystem = {
    ...base,
    writesFail: null,
    readsFail: null,
    freeBytes: 2 ** 40,
    totalBytes: 2 ** 41,
    create: async (path) => {
      write('open', path);
      return failingWriter(await base.create(path), () => write('write', path));
    },
    open: async (path) => {
      if (failing.readsFail !== null) throw systemError(failing.readsFail, 'open', path);
      return await base.open(path);
    },
    link: async (from, to) => {
      write('link', to);
      await base.link(from, to);
    },
    copy: async (from, to) => {
      write('copyfile', to);
      await base.copy(from, to);
    },
    rename: async (from, to) => {
      write('rename', to);
      await base.rename(from, to);
    },
    makeDirectory: async (path) => {
      write('mkdir', path);
      await base.makeDirectory(path);
    },
    space: async () => ({ freeBytes: failing.freeBytes, totalBytes: failing.totalBytes }),
  };
  const write = (call: string, path: string): void => {
    if (failing.writesFail !== null) throw systemError(failing.writesFail, call, path);
  };
  return failing;
}

function failingWriter(writer: FileWriter, check: () => void): FileWriter {
  return {
    write: async (bytes) => {
      check();
      await writer.write(bytes);
    },
    datasync: () => writer.datasync(),
    close: () => writer.close(),
    [Symbol.asyncDispose]: () => writer.close(),
  };
}
