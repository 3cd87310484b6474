import type { Files } from '#host/files';
import type { Connection } from './connection.ts';
import { publishDatabase } from './publish-database.ts';

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
 * called with the mutex held. The folder of all data is made again as well: a file that is open has lost its name because it was removed, not because a disk was unmounted.
 * @throws the system's errors, with EEXIST for a path that is not free, and Error when the folder around all data is gone.
 */
export async function putBack({ files, connection, path, directory, root }: PutBackDeps): Promise<void> {
  const around = files.parentOf(root);
  if (around !== null && (await files.facts(around)) === null)
    throw new Error(`the folder ${around} is gone as well; make it again`);
  await files.ensureDirectory(directory);
  await publishDatabase(files, path, (temporary) => connection.copyTo(temporary));
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
