import type { Database } from '#ports/database';
import type { FileSystem, SyncHandle } from '#ports/file-system';

/** A way to lose mail: wrong file calls, or a wrong database. */
export interface Broken {
  readonly files?: (base: FileSystem) => FileSystem;
  readonly wrap?: (db: Database) => Database;
}

const brokenDatabase: Broken = {
  // Slow enough that readers come in time on a busy machine, too.
  files: (base) => slowFlush(base, 50),
  wrap: (db) => ({
    dialect: db.dialect,
    read: (body) => db.read(body),
    write: (body) => db.write(body),
    durable: async () => undefined,
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  }),
};

const brokenFiles: Readonly<Record<string, (base: FileSystem) => FileSystem>> = {
  'a log flush that says it is done and is not': (base) => ({
    ...passed(base),
    openForSync: async (path) => {
      const handle = await base.openForSync(path);
      return { ...passedHandle(handle), datasync: (done) => setImmediate(done, null) };
    },
  }),

  'a log flush that is told before it is done': (base) => ({
    ...passed(base),
    openForSync: async (path) => {
      const handle = await base.openForSync(path);
      return {
        ...passedHandle(handle),
        datasync(done) {
          setTimeout(() => handle.datasync(() => undefined), 3);
          setImmediate(done, null);
        },
        close: () => new Promise((resolve) => setTimeout(() => resolve(handle.close()), 10)),
      };
    },
  }),

  // The log is begun anew over, or removed before, what the database file may not have yet.
  'a checkpoint whose database file is not synced': (base) => ({
    ...passed(base),
    openForSync: async (path) => {
      const handle = await base.openForSync(path);
      if (path.endsWith('-wal')) return handle;
      return { ...passedHandle(handle), datasync: (done) => setImmediate(done, null) };
    },
  }),

  'a blob that is not synced': (base) => ({
    ...passed(base),
    create: async (path) => ({ ...(await base.create(path)), datasync: async () => undefined }),
  }),

  // An incoming blob and its new name are synced at the same time: the row waits for both.
  'a blob whose sync ends after its row': (base) => {
    const late: string[] = [];
    const syncOne = async (): Promise<void> => {
      const handle = await base.openForSync(late.shift() ?? '');
      handle.datasync(() => void handle.close());
    };
    return {
      ...passed(base),
      create: async (path) => {
        const writer = await base.create(path);
        return {
          write: (bytes) => writer.write(bytes),
          datasync: async () => {
            late.push(path);
            // Each is synced once some others have been written, if it is still there.
            if (late.length > 4) void syncOne().catch(() => undefined);
          },
          close: () => writer.close(),
          [Symbol.asyncDispose]: () => writer.close(),
        };
      },
    };
  },

  'a directory that is not synced': (base) => ({ ...passed(base), syncDirectory: async () => undefined }),

  // Names of blobs appear when their rows are long committed.
  'a blob after its row': (base) => {
    let last: Promise<unknown> = Promise.resolve();
    const later = async (call: () => Promise<void>): Promise<void> => {
      last = last.then(() => new Promise((resolve) => setTimeout(resolve, 2))).then(call, call);
      last.catch(() => undefined);
    };
    return {
      ...passed(base),
      link: (from, to) => later(() => base.link(from, to)),
      rename: (from, to) => later(() => base.rename(from, to)),
      unlink: (path) => later(() => base.unlink(path)),
      syncDirectory: (path) => later(() => base.syncDirectory(path)),
    };
  },
};

/** Returns an honest disk that takes its time, so that much happens between a commit and its flush. */
export function slowFlush(base: FileSystem, flushMs = 5): FileSystem {
  return {
    ...passed(base),
    openForSync: async (path) => {
      const handle = await base.openForSync(path);
      return {
        ...passedHandle(handle),
        datasync: (done) => handle.datasync((error) => setTimeout(done, flushMs, error)),
      };
    },
  };
}

/** Orders of calls that lose mail: each must be found by the power-loss test, or the test proves nothing. */
export const brokenWays: Readonly<Record<string, Broken>> = {
  ...Object.fromEntries(Object.entries(brokenFiles).map(([name, files]) => [name, { files }])),
  'a reader that is shown what is not durable': brokenDatabase,
};

function passedHandle(base: SyncHandle): SyncHandle {
  return {
    datasync: (done) => base.datasync(done),
    linkCount: () => base.linkCount(),
    head: (maxBytes) => base.head(maxBytes),
    close: () => base.close(),
  };
}

/** The calls of a layer whose methods are on its class, so that some can be replaced. */
export function passed(base: FileSystem): FileSystem {
  return {
    isWindows: base.isWindows,
    separator: base.separator,
    create: (path) => base.create(path),
    open: (path) => base.open(path),
    openForSync: (path) => base.openForSync(path),
    openForCutting: (path) => base.openForCutting(path),
    link: (from, to) => base.link(from, to),
    copy: (from, to) => base.copy(from, to),
    rename: (from, to) => base.rename(from, to),
    unlink: (path) => base.unlink(path),
    makeDirectory: (path) => base.makeDirectory(path),
    removeDirectory: (path) => base.removeDirectory(path),
    list: (path) => base.list(path),
    facts: (path) => base.facts(path),
    space: (path) => base.space(path),
    syncDirectory: (path) => base.syncDirectory(path),
  };
}
