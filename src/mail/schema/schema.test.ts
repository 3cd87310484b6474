import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBatches, inList } from './in-list.ts';
import {
  postgresAccountMigrations,
  postgresServerMigrations,
  sqliteAccountMigrations,
  sqliteServerMigrations,
  type Migration,
} from './index.ts';

/** Tables with their columns, and indexes with theirs, as sorted lines. */
function outline(migrations: readonly Migration[]): string[] {
  const text = migrations.map(({ sql }) => sql.replace(/--.*$/gm, '')).join('\n');
  const lines: string[] = [];
  for (const [, table, body = ''] of text.matchAll(/CREATE TABLE (\w+) \(([\s\S]*?)\n\)/g)) {
    for (const [, column, , notNull] of body.matchAll(
      /^ {2}([a-z]\w*) (\w+)[^\n]*?( NOT NULL)?(?: PRIMARY KEY[ \w]*)?,?$/gm,
    )) {
      if (column !== 'id') lines.push(`${table}.${column}${notNull ?? ''}`);
    }
  }
  for (const [index] of text.matchAll(/CREATE (?:UNIQUE )?INDEX [^;]+/g)) lines.push(index.replace(/\s+/g, ' '));
  return lines.toSorted();
}

for (const [name, sqlite, postgres] of [
  ['account', sqliteAccountMigrations, postgresAccountMigrations],
  ['server', sqliteServerMigrations, postgresServerMigrations],
] as const) {
  test(`schema of the ${name} databases is the same in both dialects`, () => {
    const lines = outline(sqlite);
    assert.ok(lines.length > 10);
    assert.deepEqual(lines, outline(postgres));
    assert.deepEqual(
      sqlite.map(({ version }) => version),
      postgres.map(({ version }) => version),
    );
  });
}

test('schema: every account table has account as its first column', () => {
  for (const migrations of [sqliteAccountMigrations, postgresAccountMigrations]) {
    for (const { sql } of migrations) {
      for (const [, table = '', first] of sql.matchAll(/CREATE TABLE (\w+) \(\s+(\w+)/g))
        assert.equal(first, 'account', table);
    }
  }
});

test('inList fills up to a usual length with the last value', () => {
  assert.deepEqual(inList([1]), { text: '(?)', values: [1] });
  assert.deepEqual(inList([1, 2, 3]), { text: '(?, ?, ?, ?)', values: [1, 2, 3, 3] });
  assert.equal(inList(Array.from({ length: 300 }, (_, i) => i)).values.length, 512);
  assert.throws(() => inList([]), RangeError);
  assert.throws(() => inList(Array.from({ length: 513 }, () => 1)), RangeError);
  assert.deepEqual(
    [...inBatches(Array.from({ length: 1025 }, () => 1))].map(({ length }) => length),
    [512, 512, 1],
  );
});
