/** PostgreSQL's side of the schema; see ../sqlite for its twin. */
import type { Migration } from '../migration.ts';
import { account0001 } from './0001-account.ts';
import { server0001 } from './0001-server.ts';

/** Migrations of the tables that hold all accounts. */
export const postgresAccountMigrations: readonly Migration[] = [account0001];
/** Migrations of the server's tables that accounts and credentials need. */
export const postgresServerMigrations: readonly Migration[] = [server0001];
