import type { Files } from '#host/files';
import type { Connection } from './connection.ts';

/** Arguments of `putBack`. */
export interface PutBackDeps {
  readonly files: Files;
  readonly connection: Connection;
  /** Path where the database was, and nothing is now. */
  readonly path: string;
  /** Folder of `path`, which may be gone. */
  readonly directory: string;
  /** Folder with all data. */
  readonly root: string;
}

/**
 * Writes an open database whose file was removed to its path again, durable when it resolves; the caller then closes the connection and calls `removeStaleLog`. To be
 * called within a turn. A folder of all data that is gone is not made again, since it may have been meant to go, or be a disk that is not mounted.
 * @throws the system's errors, with EEXIST for a path that is not free.
 */
export async function putBack({ files, connection, path, directory, root }: PutBackDeps): Promise<void> {
  if ((await files.facts(root)) === null) throw new Error(`the folder ${root} is gone as well; make it again`);
  await files.ensureDirectory(directory);
  const temporary = files.temporaryBeside(path);
  try {
    // Made here so that it is private from its first byte on.
    await (await files.create(temporary)).close();
    await connection.copyTo(temporary);
    const handle = await files.openForSync(temporary);
    try {
      await new Promise<void>((resolve, reject) => {
        handle.datasync((error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      await handle.close();
    }
    await files.share(temporary, path);
  } finally {
    await files.remove(temporary);
  }
}

/**
 * Removes the log of the database that was removed. After a crash before this, SQLite copies it into the new file, which changes nothing: the
 * last state of each of its pages is there already.
 */
export async function removeStaleLog({
  files,
  path,
  directory,
}: Pick<PutBackDeps, 'files' | 'path' | 'directory'>): Promise<void> {
  await files.remove(`${path}-wal`);
  await files.syncDirectory(directory);
}
