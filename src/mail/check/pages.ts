import type { Database, Sql } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';

/**
 * Rows of a table in pieces, each read in a transaction of its own, so that a large table does not hold up others.
 * @param after  Statement for the rows after the given one, in the order of a key, at most `pageRows`.
 */
export async function* pages<Row>(
  db: Database,
  after: (last: Row | null) => Sql,
  pageRows: number,
  loop: EventLoop,
): AsyncGenerator<Row> {
  for (let last: Row | null = null; ;) {
    const statement = after(last);
    const rows: Row[] = await db.read((reader) => reader.all<Row>(statement));
    yield* rows;
    last = rows.at(-1) ?? null;
    if (rows.length < pageRows || last === null) return;
    const waiting = loop.pause();
    if (waiting !== null) await waiting;
  }
}
