import type { Database, Reader } from '#ports/database';
import { hasWaiting, lastRecipient, type IdRange } from './recipient-rows.ts';
import type { QueueFilter } from './types.ts';

/** Recipients that one statement looks at: a filter may match few of many, and a statement blocks every connection until it ends. */
export const scannedRows = 2000;

/** Returns the next recipients for a filter to look through; null behind the last. */
export async function nextRange(reader: Reader, filter: QueueFilter, after: number): Promise<IdRange | null> {
  // These are found by an index, and are few.
  const isShort = filter.ids !== undefined || filter.message !== undefined;
  const last = await lastRecipient(reader, isShort ? null : { after, limit: scannedRows });
  return last === null || last <= after ? null : { after, last };
}

/** Returns the next such range in which a waiting recipient matches; null when none is left. */
export async function nextMatch(db: Database, filter: QueueFilter, afterId: number): Promise<IdRange | null> {
  for (let after = afterId; ;) {
    const from = after;
    const { range, isFound } = await db.read(async (reader) => {
      const found = await nextRange(reader, filter, from);
      return { range: found, isFound: found !== null && (await hasWaiting(reader, found, filter)) };
    });
    if (range === null || isFound) return range;
    after = range.last;
  }
}
