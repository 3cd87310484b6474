import { sql, type Database } from '#ports/database';
import type { FileSystem } from '#ports/file-system';
import { systemError } from '#testing/fake-files';
import { passed } from './broken.ts';

/** A disk that can become full: no file grows, and no database takes another page. */
export class FullDisk {
  isFull = false;

  /** Passes everything to `base` but what takes space while the disk is full. */
  layer(base: FileSystem): FileSystem {
    const check = (call: string, path: string): void => {
      if (this.isFull) throw systemError('ENOSPC', call, path);
    };
    return {
      ...passed(base),
      create: async (path) => {
        check('open', path);
        const writer = await base.create(path);
        return {
          async write(bytes) {
            check('write', path);
            await writer.write(bytes);
          },
          datasync: () => writer.datasync(),
          close: () => writer.close(),
          [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
        };
      },
      copy: async (from, to) => {
        check('copyfile', to);
        await base.copy(from, to);
      },
      makeDirectory: async (path) => {
        check('mkdir', path);
        await base.makeDirectory(path);
      },
    };
  }

  /** From now on what takes space fails. */
  async makeFull(databases: readonly Database[]): Promise<void> {
    this.isFull = true;
    // SQLite takes the size that a database has for the least that it may have.
    for (const db of databases) await db.write((tx) => tx.run(sql`PRAGMA max_page_count = 1`));
  }

  /** There is space again. */
  async makeRoom(databases: readonly Database[]): Promise<void> {
    this.isFull = false;
    for (const db of databases) await db.write((tx) => tx.run(sql`PRAGMA max_page_count = 1000000`));
  }
}
