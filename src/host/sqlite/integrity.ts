import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('integrity-process.mjs', import.meta.url));

/**
 * Runs SQLite's integrity check over a database file that nothing is copied to meanwhile. In a process of its own: it takes seconds for
 * large files, and a second descriptor of the file, closed in ours, would give up the locks that we hold (POSIX).
 * @returns what is damaged, a line each. @throws when the process cannot be run or `signal` is aborted.
 */
export function damagesOf(path: string, signal: AbortSignal): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, path], { signal, env: {}, windowsHide: true }, (error, output) => {
      if (error !== null) reject(error);
      else resolve(JSON.parse(output) as string[]);
    });
  });
}
