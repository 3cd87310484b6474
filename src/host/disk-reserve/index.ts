/**
 * Disk space that is kept back in a file, so that a full disk leaves room for what frees space: SQLite needs pages to delete rows.
 * While the reserve is in use, nothing else may write, or arriving mail would eat it.
 */
export { noReserve, openReserve } from './disk-reserve.ts';
export type { DiskReserve, DiskSpace } from './disk-reserve.ts';
