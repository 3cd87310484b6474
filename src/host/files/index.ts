/**
 * Files and directories, durable where it says so, with the rules of Windows and of POSIX.
 * `Files` holds the policy (publish, retry, atomic write), the `FileSystem` port the bare calls that tests replace.
 * Invariants: a published name always has all its bytes; nothing here opens a SQLite database file (that would drop its locks).
 */
export { dataDirectoryProblem } from './data-directory.ts';
export { errorCode } from './error-code.ts';
export { Files } from './files.ts';
export { FolderGuard } from './folder-guard.ts';
export { nodeFileSystem } from './node-file-system.ts';
export { keepRights, makePrivate } from './private.ts';
