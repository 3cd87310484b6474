/** Checks that some statement reads each table and column of the schema, so that nothing is stored for no reader. */
import { DatabaseSync } from 'node:sqlite';
import { sqlTemplates } from './sql-statements.ts';
import { isTest, type SourceFile } from './source-files.ts';

/** Columns of one table. */
export interface TableColumns {
  readonly table: string;
  readonly columns: readonly string[];
}

const retired =
  'not written anymore; to drop a column, SQLite rewrites all rows of the table on the loop: 0.7 s of CPU for 100,000 emails';

/** Tables and columns (`table` or `table.column`) that no statement reads, each with the reason why it stays. */
const unread: Readonly<Record<string, string>> = {
  webhook_outbox: 'its rows are for the sender of webhooks; README.md of #mail/webhook-outbox promises their form',
  'email.refs': 'NOT NULL, always 1; the number of places is in shared_email',
  'email.trained': retired,
  'email.from_address': retired,
  'email.from_domain': retired,
  'email.from_org_domain': retired,
  'email.remote_mask1': retired,
  'email.remote_mask2': retired,
  'email.remote_mask3': retired,
  'email.helo': retired,
};

/** Returns the tables that statements of a schema lead to, with their columns. */
export function columnsOf(schema: readonly string[]): TableColumns[] {
  using database = new DatabaseSync(':memory:');
  for (const sql of schema) database.exec(sql);
  return database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`)
    .all()
    .map(({ name }) => ({
      table: String(name),
      columns: database
        .prepare('SELECT name FROM pragma_table_info(?)')
        .all(String(name))
        .map((row) => String(row['name'])),
    }));
}

/** @returns one line for each table or column that no statement reads, and for each exception that is none. */
export function checkColumns(
  files: readonly SourceFile[],
  tables: readonly TableColumns[],
  exceptions: Readonly<Record<string, string>> = unread,
): string[] {
  const statements = files
    .filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/mail/schema/') && !isTest(path))
    .flatMap(sqlTemplates)
    .map(({ path, pieces }) => ({ path, ...readingPart(pieces.join(' ? ')) }));
  const findings: string[] = [];
  const used = new Set<string>();
  for (const { table, columns } of tables) {
    const about = statements.filter((one) => one.tables.has(table));
    const homes = new Set(about.map(({ path }) => path));
    // A statement may be composed of pieces that name no table, such as a list of columns.
    const words = new Set(
      [...about, ...statements.filter((one) => one.tables.size === 0 && homes.has(one.path))].flatMap(
        (one) => one.words,
      ),
    );
    for (const column of columns) {
      if (words.has(column)) continue;
      const exception = [table, `${table}.${column}`].find((name) => exceptions[name] !== undefined);
      if (exception === undefined) findings.push(`column ${table}.${column}: no statement reads it`);
      else used.add(exception);
    }
  }
  for (const name of Object.keys(exceptions))
    if (!used.has(name)) findings.push(`tools/check-columns.ts: ${name} is read, or not there: take it off the list`);
  return findings;
}

/** Takes the columns out that a statement only writes. @returns the tables that it names, and its other words. */
function readingPart(text: string): { readonly tables: ReadonlySet<string>; readonly words: readonly string[] } {
  const tables = new Set([...text.matchAll(/\b(?:FROM|JOIN|INTO|UPDATE) (\w+)/g)].map(([, table = '']) => table));
  const reading = text
    .replaceAll(/(INTO \w+(?: AS \w+)?) \([^)]*\)/g, '$1')
    .replaceAll(/\bSET [^]*?(?= WHERE |$)/g, (assignments) => assignments.replaceAll(/(SET|,)\s+\w+ = /g, '$1 '));
  return { tables, words: reading.match(/\w+/g) ?? [] };
}
