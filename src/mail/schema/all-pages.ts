import type { Reader, Sql, SqlValue } from '#ports/database';

/** Most rows of one statement where there may be any number: it holds the event loop until it has them all. */
export const pageRows = 256;

/**
 * Reads any number of rows, some at a time.
 * @param page  The statement for the rows behind one, or from the beginning: ordered by a key, with `LIMIT` of `pageRows`.
 */
export async function allPages(
  reader: Reader,
  page: (behind: readonly SqlValue[] | null) => Sql,
): Promise<SqlValue[][]> {
  const all: SqlValue[][] = [];
  for (let last: SqlValue[] | null = null; ;) {
    const rows: SqlValue[][] = await reader.arrays(page(last));
    for (const row of rows) all.push(row);
    last = rows.at(-1) ?? null;
    if (rows.length < pageRows || last === null) return all;
  }
}
