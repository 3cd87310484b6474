/** Parts of `run-tests.ts --postgres`: the server, the test files that keep a store, and the statements that have to run. */
import { readFileSync } from 'node:fs';
import { startPostgres, type PostgresCluster } from '#testing/postgres/cluster';
import { statementsRun } from '#testing/postgres/statements-run';
import { postgresVariable } from '#testing/postgres/variable';
import { root, sourceFiles } from './source-files.ts';
import { statementsNotRun } from './sql-statements.ts';

/** Starts a server and points the tests of this process at it. To be called before they are loaded. */
export async function usePostgres(): Promise<PostgresCluster> {
  const cluster = await startPostgres();
  process.env[postgresVariable] = cluster.directory;
  return cluster;
}

/** Reports whether a test file keeps a store that can be on PostgreSQL, or is about PostgreSQL. */
export function keepsStore(path: string): boolean {
  if (path.startsWith('test/postgres/')) return true;
  const text = readFileSync(`${root}${path}`, 'utf8');
  return /'#testing\/(?:temp-store|store-databases|\w+(?:-\w+)*-world)'/.test(text);
}

/** @returns one line for each statement of the code that no test of this process ran on PostgreSQL. */
export function missedStatements(): string[] {
  return statementsNotRun(
    sourceFiles(['src/mail']).filter(({ path }) => !path.endsWith('.test.ts')),
    statementsRun,
  );
}
