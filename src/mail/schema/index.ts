/**
 * The tables of the store as numbered migrations, once for SQLite and once for PostgreSQL; a test keeps the two alike.
 * A released migration never changes: a change of a table is a new file NNNN-name.ts here, for both dialects, and a line in the list of each; so a table is
 * what the first file says (sqlite/0001-account.ts, sqlite/0001-server.ts) with all that later ones changed. Statements live beside the service that owns the table, not here.
 * Every account table has `account` as its first column, so that one statement text serves a database per account and one for all.
 */
export { sqliteAccountMigrations, sqliteServerMigrations } from './sqlite/index.ts';
export { postgresAccountMigrations, postgresServerMigrations } from './postgres/index.ts';
export { allPages, pageRows } from './all-pages.ts';
export { inBatches, inList } from './in-list.ts';
