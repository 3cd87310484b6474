import type { DiskReserve } from '#host/disk-reserve';
import type { DomainsEdit } from '#mail/config';
import type { Configuration } from '#server/configuration';
import { OperationRefused } from './arguments.ts';

/**
 * Changes `domains.yaml`. @returns the domains that are new.
 * @throws OperationRefused when the system does not let us write it, EditRefused, ConfigError when the result is wrong.
 * @param reserve  For changes that lead to free space: they get what is kept back for a full disk.
 */
export async function changeDomains(
  configuration: Configuration,
  edit: DomainsEdit,
  reserve?: Pick<DiskReserve, 'release'>,
): Promise<readonly string[]> {
  const change = (): Promise<readonly string[]> =>
    refuseUnwritable(configuration, () => configuration.changeDomains(edit));
  try {
    return await change();
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
    if (!isFull || reserve === undefined || !(await reserve.release())) throw error;
    return await change();
  }
}

/** Works in the configuration folder. @throws OperationRefused when the system does not let us. */
export async function refuseUnwritable<T>(configuration: Configuration, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    throw new OperationRefused(
      `the server may not write in ${configuration.folder} (${code}): give the folder to the user it serves as, or edit domains.yaml yourself`,
      { cause: error },
    );
  }
}
