/** Data of every version of the schema goes through all later migrations, and is the same on both databases afterwards. */
import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { test } from 'node:test';
import { Client } from 'pg';
import {
  postgresAccountMigrations,
  postgresServerMigrations,
  sqliteAccountMigrations,
  sqliteServerMigrations,
} from '#mail/schema';
import { clusterUser } from '#testing/postgres/cluster';
import { postgresVariable } from '#testing/postgres/variable';

/** Rows of each table that each version gets. */
const rowsPerVersion = 4;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
}

function tablesOf(db: DatabaseSync): Map<string, Column[]> {
  const names = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).all();
  return new Map(
    names.map(({ name }) => {
      const columns = db
        .prepare(`SELECT name, type, "notnull" AS required, pk FROM pragma_table_info(?)`)
        .all(name ?? '');
      const shown = columns.map(({ name: column, type, required, pk }) => ({
        name: String(column),
        type: String(type),
        isRequired: required !== 0 || pk !== 0,
      }));
      return [String(name), shown];
    }),
  );
}

/** Row `n` of any table: every number in it is `n`, so that whatever refers to something finds it; some columns are null. */
function rowOf(columns: readonly Column[], n: number): SQLInputValue[] {
  return columns.map(({ name, type, isRequired }) => {
    if (!isRequired && n % 2 === 0) return null;
    if (type === 'INTEGER') return n;
    if (type === 'BLOB') return Uint8Array.of(0, n, 255);
    // Keywords are atoms (RFC 9051 §9), and addresses of old rows may be anything.
    return name.includes('keywords') ? `$A${n} work $Junk $important` : `${name} É ${n}`;
  });
}

function shown(rows: readonly Record<string, unknown>[]): string[] {
  const plain = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  };
  return rows
    .map((row) =>
      JSON.stringify(
        Object.entries(row)
          .map(([name, value]) => [name, plain(value)])
          .toSorted(),
      ),
    )
    .toSorted();
}

for (const [kind, sqlite, postgres] of [
  ['server', sqliteServerMigrations, postgresServerMigrations],
  ['account', sqliteAccountMigrations, postgresAccountMigrations],
] as const) {
  test(`migrations of the ${kind}: data of every version arrives the same on both databases`, async () => {
    using db = new DatabaseSync(':memory:');
    const client = new Client({ host: process.env[postgresVariable] ?? '', user: clusterUser, database: 'postgres' });
    await client.connect();
    try {
      await client.query(`CREATE SCHEMA migrations_${kind}; SET search_path TO migrations_${kind}`);
      for (const [i, { sql }] of sqlite.entries()) {
        db.exec(sql);
        await client.query(postgres[i]?.sql ?? assert.fail(`no migration ${i + 1}`));
        for (const [table, columns] of tablesOf(db)) {
          // One row for ever, and a random one.
          if (table === 'server_identity') continue;
          const names = columns.map(({ name }) => name).join(', ');
          for (let n = (i + 1) * 10; n < (i + 1) * 10 + rowsPerVersion; n += 1) {
            const row = rowOf(columns, n);
            db.prepare(`INSERT INTO ${table} (${names}) VALUES (${columns.map(() => '?').join(', ')})`).run(...row);
            const places = columns.map((_, at) => `$${at + 1}`).join(', ');
            const values = row.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
            await client.query(`INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE VALUES (${places})`, values);
          }
        }
      }
      let total = 0;
      for (const table of tablesOf(db).keys()) {
        if (table === 'server_identity') continue;
        const ours = shown(db.prepare(`SELECT * FROM ${table}`).all());
        const theirs = shown((await client.query<Record<string, unknown>>(`SELECT * FROM ${table}`)).rows);
        assert.deepEqual(theirs, ours, table);
        assert.ok(ours.length >= rowsPerVersion, table);
        total += ours.length;
      }
      assert.ok(total > 100);
    } finally {
      await client.query(`DROP SCHEMA migrations_${kind} CASCADE`);
      await client.end();
    }
  });
}
