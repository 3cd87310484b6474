import type { FileSystem, FileWriter, SyncHandle } from '#ports/file-system';

/** Told before and after each call that changes what a power cut would leave; `label` is such as `datasync start account.db-wal`. */
export type OnStep = (label: string) => void;

/** Passes everything to `base` and reports each call on the way to durability, so that a test can cut the power there. */
export function stepFileSystem(base: FileSystem, onStep: OnStep): FileSystem {
  const around = async <T>(call: string, path: string, body: () => Promise<T>): Promise<T> => {
    const name = lastName(path);
    onStep(`${call} start ${name}`);
    const result = await body();
    onStep(`${call} end ${name}`);
    return result;
  };
  return {
    isWindows: base.isWindows,
    separator: base.separator,
    create: (path) => around('create', path, async () => stepWriter(await base.create(path), lastName(path), onStep)),
    open: (path) => base.open(path),
    openForSync: async (path) => stepHandle(await base.openForSync(path), lastName(path), onStep),
    openForCutting: async (path) => {
      const cutter = await base.openForCutting(path);
      return {
        sizeBytes: cutter.sizeBytes,
        linkCount: () => cutter.linkCount(),
        cut: (sizeBytes) => around('cut', path, () => cutter.cut(sizeBytes)),
        close: () => cutter.close(),
      };
    },
    link: (from, to) => around('link', to, () => base.link(from, to)),
    copy: (from, to) => around('copy', to, () => base.copy(from, to)),
    rename: (from, to) => around('rename', to, () => base.rename(from, to)),
    unlink: (path) => around('unlink', path, () => base.unlink(path)),
    makeDirectory: (path) => around('makeDirectory', path, () => base.makeDirectory(path)),
    removeDirectory: (path) => around('removeDirectory', path, () => base.removeDirectory(path)),
    list: (path) => base.list(path),
    facts: (path) => base.facts(path),
    space: (path) => base.space(path),
    syncDirectory: (path) => around('syncDirectory', path, () => base.syncDirectory(path)),
  };
}

function stepWriter(base: FileWriter, name: string, onStep: OnStep): FileWriter {
  return {
    async write(bytes) {
      await base.write(bytes);
      onStep(`write end ${name}`);
    },
    async datasync() {
      onStep(`datasync start ${name}`);
      await base.datasync();
      onStep(`datasync end ${name}`);
    },
    close: () => base.close(),
    [Symbol.asyncDispose]: () => base[Symbol.asyncDispose](),
  };
}

function stepHandle(base: SyncHandle, name: string, onStep: OnStep): SyncHandle {
  return {
    datasync(done) {
      onStep(`datasync start ${name}`);
      base.datasync((error) => {
        // Before it is reported as durable, and after.
        onStep(`datasync end ${name}`);
        done(error);
        onStep(`datasync told ${name}`);
      });
    },
    linkCount: () => base.linkCount(),
    head: (maxBytes) => base.head(maxBytes),
    close: () => base.close(),
  };
}

/** Ids and numbers differ from run to run: labels keep the kind of file only. */
function lastName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return /^[0-9a-f]{32}$/.test(name) ? 'blob' : name;
}
