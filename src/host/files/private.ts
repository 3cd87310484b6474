import { chmodSync, chownSync, statSync } from 'node:fs';

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

/** Runs work that puts a new file in the place of `path`, and gives that the mode of the old one and, as root, its owner. POSIX only; elsewhere it runs the work alone. */
export async function keepRights(path: string, work: () => Promise<void>): Promise<void> {
  const before = process.platform === 'win32' ? undefined : statSync(path, { throwIfNoEntry: false });
  await work();
  if (before === undefined) return;
  const { uid, gid } = statSync(path);
  // Only root may give a file away: any other user who replaced it owns the new one.
  if (process.getuid?.() === 0 && (uid !== before.uid || gid !== before.gid)) chownSync(path, before.uid, before.gid);
  chmodSync(path, before.mode & 0o7777);
}
