import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { errorCode } from '#host/files';

/** The first bytes of every database of SQLite 3. */
const magic = 'SQLite format 3\0';

/**
 * Reports why a file cannot be opened as a database, by its beginning; null when it can, or is not there or empty. Changes nothing, makes no files, and takes no
 * locks. For a file that this process has not open: closing it here would give up our locks on it (POSIX).
 */
export function databaseFileProblem(path: string): string | null {
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return null;
    if (!facts.isFile()) return `${path} is not a file`;
    if (facts.size === 0) return null;
    if (beginningOf(path) !== magic) return `${path} is not a database`;
    // What is in a log may be newer than the file, which is whole only with it.
    return hasContent(`${path}-wal`) || hasContent(`${path}-journal`) ? null : schemaProblem(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === null) throw error;
    return `${path} cannot be read (${code})`;
  }
}

function beginningOf(path: string): string {
  const bytes = Buffer.alloc(magic.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, bytes);
  } finally {
    closeSync(file);
  }
  return bytes.toString('latin1');
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function schemaProblem(path: string): string | null {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  try {
    using database = new DatabaseSync(url, { readOnly: true });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return null;
  } catch (error) {
    return `${path} is damaged: ${error instanceof Error ? error.message : String(error)}`;
  }
}
