/** SQLite's side of the schema; see ../postgres for its twin. */
import type { Migration } from '../migration.ts';
import { account0001 } from './0001-account.ts';
import { server0001 } from './0001-server.ts';

/** Migrations of each account's database. */
export const sqliteAccountMigrations: readonly Migration[] = [account0001];
/** Migrations of the server's database that accounts and credentials need. */
export const sqliteServerMigrations: readonly Migration[] = [server0001];
