import { chmodSync, statSync } from 'node:fs';

const othersMask = 0o077;

/**
 * Takes the rights of other users on a file or folder away (POSIX: mode 0600 or 0700). On Windows folders inherit their rights, and nothing is done.
 * @returns true when others had rights until now. @throws the system's error when they cannot be taken away.
 */
export function makePrivate(path: string): boolean {
  if (process.platform === 'win32') return false;
  const { mode } = statSync(path);
  if ((mode & othersMask) === 0) return false;
  chmodSync(path, mode & 0o700);
  return true;
}
