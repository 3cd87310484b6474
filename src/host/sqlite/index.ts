/**
 * The `Databases` port on `node:sqlite`: one file for the server and one per account, on the main thread.
 * Durability: WAL with synchronous=NORMAL, commits on the loop, then one flush of the log shared by all commits that wait for it.
 * Invariants: `write` resolves after a flush that began after its commit; a transaction lasts one draining of the microtask queue;
 * the connection stays open while its log is flushed (the last close removes the log); checkpoints never run on the loop.
 * With several processes on one file, `durable` covers the commits of this process only.
 * Schemas live in `#mail/schema`.
 */
export { defaultSqliteLimits } from './limits.ts';
export type { SqliteLimits } from './limits.ts';
export { NewerSchema } from './migrations.ts';
export type { Migration } from './migrations.ts';
export { openDatabases } from './sqlite-databases.ts';
export type { OpenDatabasesDeps } from './sqlite-databases.ts';
