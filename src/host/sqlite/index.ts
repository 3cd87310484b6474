/**
 * The `Databases` port on `node:sqlite`: one file for the server and one per account, on the main thread.
 * Durability: WAL with synchronous=NORMAL, commits on the loop, then one flush of the log shared by all commits that wait for it.
 * Invariants: `write` resolves after a flush that began after its commit; a transaction lasts one draining of the microtask queue;
 * the connection stays open while its log is flushed (the last close removes the log); nothing is ever synced on the loop but a log's new
 * header. A checkpoint copies pages on the loop, then waits for their flush off it before anything is written again.
 * A database is ours alone while it is open (locking_mode=EXCLUSIVE): no locks are taken in vain, and the order of a checkpoint's syncs is ours.
 * Schemas live in `#mail/schema`.
 */
export { databaseFileProblem } from './file-problem.ts';
export { NewerSchema } from './migrations.ts';
export { openDatabases } from './sqlite-databases.ts';
export type { ShrinkableDatabases } from './sqlite-databases.ts';
