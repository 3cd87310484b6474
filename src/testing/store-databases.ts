import { openDatabases } from '#host/sqlite';
import {
  postgresAccountMigrations,
  postgresServerMigrations,
  sqliteAccountMigrations,
  sqliteServerMigrations,
} from '#mail/schema';
import type { Databases } from '#ports/database';
import { FakeLog } from './fake-log.ts';
import { MemoryDatabase, type TestDatabase } from './memory-database.ts';
import { PostgresDatabases } from './postgres/databases.ts';
import { postgresVariable } from './postgres/variable.ts';

export type { TestDatabase } from './memory-database.ts';

/** True when the tests of this process keep their stores on PostgreSQL (`tools/run-tests.ts --postgres`). */
export const isOnPostgres = process.env[postgresVariable] !== undefined;

/** Returns how many of `count` runs a simulation makes: over a socket each of its thousands of statements takes a hundred times as long. */
export function simulationRuns(count: number): number {
  return isOnPostgres ? 2 : count;
}

const postgresMigrations = { server: postgresServerMigrations, account: postgresAccountMigrations };

/** Opens the databases of a store with today's schemas: on files, or on the PostgreSQL server of the run. */
export function storeDatabases(deps: Omit<Parameters<typeof openDatabases>[0], 'migrations'>): Promise<Databases> {
  const directory = process.env[postgresVariable];
  if (directory !== undefined)
    return Promise.resolve(new PostgresDatabases({ directory, migrations: postgresMigrations, log: deps.log }));
  return openDatabases({ ...deps, migrations: { server: sqliteServerMigrations, account: sqliteAccountMigrations } });
}

/** Opens a server's database with today's schema: in memory, or on the PostgreSQL server of the run. */
export function serverDatabase(): TestDatabase {
  const directory = process.env[postgresVariable];
  if (directory === undefined) return new MemoryDatabase(sqliteServerMigrations);
  return new PostgresDatabases({ directory, migrations: postgresMigrations, log: new FakeLog() }).server;
}
