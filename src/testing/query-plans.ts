import type { Database, Sql } from '#ports/database';

/** Returns the lines of SQLite's plan for a statement; none on PostgreSQL, where such a test proves that the statement runs. */
export async function planOf(db: Database, { text, values }: Sql): Promise<string[]> {
  if (db.dialect !== 'sqlite') return [];
  const explained = { text: `EXPLAIN QUERY PLAN ${text}`, values };
  const plan = await db.read((reader) => reader.all<{ readonly detail: string }>(explained));
  return plan.map(({ detail }) => detail);
}
