import type { Files } from '#host/files';

/**
 * Makes a database file under a temporary name and gives it its path, whole and durable when it resolves: after a power cut it is there as it was made, or not at all.
 * @param fill  Writes the file, which is there and empty; need not sync it.
 * @throws the system's errors, with EEXIST for a path that is not free.
 */
export async function publishDatabase(
  files: Files,
  path: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  // One name only, so that a crash leaves no more than one file, and the next try removes it.
  const temporary = `${path}.tmp`;
  for (const suffix of ['', '-wal', '-journal']) await files.remove(`${temporary}${suffix}`);
  try {
    // Made here so that it is private from its first byte on.
    await (await files.create(temporary)).close();
    await fill(temporary);
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
