/** Whether the process may do everything on this machine (root); false on Windows, where services run as an account of their own. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * Becomes another user for good: supplementary groups, then group, then user, in that order, since each step needs the rights
 * that the next gives up. Nothing happens when we are not root, or on Windows.
 * @param user  Name or number. @param group  Name or number; by default `user` is also the group.
 * @throws Error when there is no such user or group, or when root could be had back.
 */
export function dropPrivileges(user: string | number, group: string | number = user): void {
  if (!isRoot()) return;
  const posix = process as PosixProcess;
  posix.initgroups(user, group);
  posix.setgid(group);
  posix.setuid(user);
  if (process.getuid?.() === 0 || canBecomeRoot()) throw new Error(`could not drop privileges to ${user}`);
}

/** Calls that exist wherever there is a root; `initgroups` is missing from Node's types. */
type PosixProcess = Required<Pick<NodeJS.Process, 'setgid' | 'setuid'>> & {
  initgroups(user: string | number, extraGroup: string | number): void;
};

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
