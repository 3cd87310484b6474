import { sql, type Database, type Reader, type Sql } from '#ports/database';
import { conditions } from './filter.ts';
import type { QueueFilter } from './types.ts';

/** Recipients that one statement looks at: a filter may match few of many, and a statement holds everybody up until it ends. */
export const scannedRows = 2000;

/** Recipients with ids above one number, up to another. */
export interface IdRange {
  readonly after: number;
  readonly last: number;
}

/** The next recipients for a filter to look through; null behind the last. */
export async function nextRange(reader: Reader, filter: QueueFilter, after: number): Promise<IdRange | null> {
  // These are found by an index, and are few.
  const isShort = filter.ids !== undefined || filter.message !== undefined;
  const rows = isShort ? sql`SELECT max(id) AS last FROM queue_recipient` : lastOf(after);
  const end = await reader.get<{ last: number | null }>(rows);
  const last = end?.last ?? null;
  return last === null || last <= after ? null : { after, last };
}

/** The next such range in which a waiting recipient matches; null when none is left. */
export async function nextMatch(db: Database, filter: QueueFilter, afterId: number): Promise<IdRange | null> {
  for (let after = afterId; ;) {
    const from = after;
    const { range, isFound } = await db.read(async (reader) => {
      const found = await nextRange(reader, filter, from);
      if (found === null) return { range: null, isFound: false };
      const row = await reader.get(
        sql`SELECT r.id FROM queue_recipient r WHERE r.state = 'queued' AND ${within(found)} AND ${conditions(filter)} LIMIT 1`,
      );
      return { range: found, isFound: row !== undefined };
    });
    if (range === null || isFound) return range;
    after = range.last;
  }
}

/** The condition that a recipient `r` is in a range. */
export function within({ after, last }: IdRange): Sql {
  return sql`r.id > ${after} AND r.id <= ${last}`;
}

function lastOf(after: number): Sql {
  return sql`SELECT max(id) AS last FROM
    (SELECT id FROM queue_recipient WHERE id > ${after} ORDER BY id LIMIT ${scannedRows}) AS page`;
}
