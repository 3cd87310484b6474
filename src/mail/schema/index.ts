/**
 * The tables of the store as numbered migrations, once for SQLite and once for PostgreSQL; a test keeps the two alike.
 * A released migration never changes. Statements live beside the service that owns the table, not here.
 * Every account table has `account` as its first column, so that one statement text serves a database per account and one for all.
 */
export type { Migration } from './migration.ts';
export { sqliteAccountMigrations, sqliteServerMigrations } from './sqlite/index.ts';
export { postgresAccountMigrations, postgresServerMigrations } from './postgres/index.ts';
export { allPages, pageRows } from './all-pages.ts';
export { inBatches, inList } from './in-list.ts';
