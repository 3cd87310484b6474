/** Reports whether the process may do everything on this machine (root); false on Windows, where services run as an account of their own. */
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
  // Missing from Node's types; there wherever there is a root.
  const initgroups: unknown = Reflect.get(process, 'initgroups');
  if (typeof initgroups !== 'function') throw new Error('this system cannot set supplementary groups');
  Reflect.apply(initgroups, process, [user, group]);
  process.setgid?.(group);
  process.setuid?.(user);
  if (process.getuid?.() === 0 || canBecomeRoot()) throw new Error(`could not drop privileges to ${user}`);
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
