import { ConditionError, type ConditionKind } from '#ports/conditions';

/** errno names, as Node gives them in `code`. */
const byErrno: ReadonlyMap<string, ConditionKind> = new Map([
  ['ENOSPC', 'diskFull'],
  ['EDQUOT', 'quotaReached'],
  ['EFBIG', 'quotaReached'],
  ['EROFS', 'readOnly'],
  ['EIO', 'ioError'],
  // What the server made itself must be there.
  ['ENOENT', 'fileRemoved'],
  ['ENOTDIR', 'fileReplaced'],
  ['ENXIO', 'ioError'],
  ['ENODEV', 'ioError'],
  ['ESTALE', 'ioError'],
  ['ETIMEDOUT', 'ioError'],
  ['EUCLEAN', 'damaged'],
  ['EMFILE', 'tooManyFiles'],
  ['ENFILE', 'tooManyFiles'],
  ['ENOMEM', 'overloaded'],
  ['ENOBUFS', 'overloaded'],
]);

/** Primary result codes of SQLite (https://sqlite.org/rescode.html): the low byte of the extended ones. */
const bySqlite: ReadonlyMap<number, ConditionKind> = new Map([
  [7, 'overloaded'],
  [8, 'readOnly'],
  [10, 'ioError'],
  [11, 'damaged'],
  [13, 'diskFull'],
  // CANTOPEN: the folder or the file cannot be opened, for a reason that SQLite keeps to itself.
  [14, 'ioError'],
  [26, 'damaged'],
]);

/** SQLITE_IOERR_NOMEM: short of memory, not a fault of the disk. */
const ioErrorNoMemory = 10 | (12 << 8);

/**
 * Returns the condition that an error of `node:fs` or `node:sqlite` stands for, or the error itself when it stands for none.
 * @param subject  The file or folder that was worked on.
 * @param probe  Finds out the system's own error where SQLite reports that something failed but not why; null when all is well by now.
 */
export function conditionOf(error: unknown, subject: string, probe?: () => unknown): unknown {
  if (error instanceof ConditionError || !(error instanceof Error)) return error;
  const kind = kindOf(error, probe);
  return kind === null ? error : new ConditionError(kind, subject, { cause: error });
}

function kindOf(error: Error, probe: (() => unknown) | undefined): ConditionKind | null {
  if ('errcode' in error && typeof error.errcode === 'number') return sqliteKind(error.errcode, probe);
  if ('code' in error && typeof error.code === 'string') return byErrno.get(error.code) ?? null;
  return null;
}

function sqliteKind(errcode: number, probe: (() => unknown) | undefined): ConditionKind | null {
  if (errcode === ioErrorNoMemory) return 'overloaded';
  const primary = errcode & 0xff;
  const kind = bySqlite.get(primary) ?? null;
  // SQLite knows a full disk (ENOSPC) from other failures, but not a quota (EDQUOT) or a lack of descriptors.
  if (probe === undefined || (primary !== 10 && primary !== 14)) return kind;
  const found = probe();
  return (found instanceof Error ? kindOf(found, undefined) : null) ?? kind;
}
