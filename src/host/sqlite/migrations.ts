import type { DatabaseSync } from 'node:sqlite';

/** One step of a schema, never changed once released. */
export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  /** Statements separated by semicolons; run inside the transaction of the whole upgrade. */
  readonly sql: string;
}

/** Thrown when a database was written by a newer program. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
}

/**
 * Brings the schema up to the last migration, in one transaction, under the write lock.
 * @throws NewerSchema when the database is ahead of us; whatever a failing statement throws, after a rollback.
 */
export function migrate(connection: DatabaseSync, migrations: readonly Migration[], path: string): void {
  checkNumbers(migrations);
  const known = migrations.length;
  const before = schemaVersion(connection);
  if (before === known) return;
  if (before > known) throw newer(path, before, known);
  connection.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been first.
    const current = schemaVersion(connection);
    if (current > known) throw newer(path, current, known);
    for (const migration of migrations) {
      if (migration.version > current) connection.exec(migration.sql);
    }
    connection.exec(`PRAGMA user_version = ${known}`);
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

/** The number of the last migration that was applied; 0 for a new database. */
function schemaVersion(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

function newer(path: string, found: number, known: number): NewerSchema {
  return new NewerSchema(
    `${path} has schema version ${found}, this program knows up to ${known}: run the newer program, or restore a backup`,
  );
}

function checkNumbers(migrations: readonly Migration[]): void {
  for (const [i, { version }] of migrations.entries()) {
    if (version !== i + 1) throw new RangeError(`migration ${version} stands where ${i + 1} belongs`);
  }
}
