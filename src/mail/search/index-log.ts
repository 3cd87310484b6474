import type { AccountId } from '#lib/ids';
import { allPages, inBatches, inList, pageRows } from '#mail/schema';
import { sql, type Reader } from '#ports/database';
import type { IndexPosition } from '#ports/search-index';

/** The log of an account behind the position of its index. */
export interface IndexNews {
  /** Messages that came, in the order of their ids, and their sizes. */
  readonly come: readonly { readonly id: number; readonly sizeBytes: number; readonly stamp: string }[];
  /** Messages up to the position that are in no mailbox anymore. */
  readonly gone: readonly number[];
  /** MODSEQ up to which `gone` is complete. */
  readonly modSeq: number;
}

/** Reads what came and went behind a position, at most `limit` messages that came. Null is the beginning. */
export async function newsBehind(
  reader: Reader,
  account: AccountId,
  position: IndexPosition | null,
  limit: number,
): Promise<IndexNews> {
  const state = await reader.get<{ modseq: number }>(sql`SELECT modseq FROM account_state WHERE account = ${account}`);
  const modSeq = state?.modseq ?? 0;
  const lastId = position?.lastId ?? 0;
  const rows = await reader.arrays(
    sql`SELECT id, size_bytes, received_ms FROM email WHERE account = ${account} AND id > ${lastId} ORDER BY id LIMIT ${limit}`,
  );
  const come = rows.map(([id, size, receivedMs]) => ({
    id: Number(id),
    sizeBytes: Number(size),
    stamp: stampOf(Number(size), Number(receivedMs)),
  }));
  // What went before the index began was never in it.
  const gone = position === null ? [] : await goneSince(reader, account, position);
  return { come, gone, modSeq };
}

async function goneSince(reader: Reader, account: AccountId, { lastId, modSeq }: IndexPosition): Promise<number[]> {
  const rows = await allPages(
    reader,
    (behind) => sql`SELECT modseq, message, email FROM tombstone WHERE account = ${account}
      AND (modseq, message) > (${behind?.[0] ?? modSeq}, ${behind?.[1] ?? Number.MAX_SAFE_INTEGER}) ORDER BY modseq, message LIMIT ${pageRows}`,
  );
  const gone = new Set(rows.map(([, , email]) => Number(email)).filter((id) => id <= lastId));
  for (const batch of inBatches([...gone])) {
    // A tombstone is that of a place: a message that was moved, or has copies, is still there.
    const alive = await reader.arrays(
      sql`SELECT id FROM email AS e WHERE account = ${account} AND id IN ${inList(batch)}
        AND NOT EXISTS (SELECT 1 FROM expunged_email AS x WHERE x.account = e.account AND x.id = e.id)`,
    );
    for (const [id] of alive) gone.delete(Number(id));
  }
  return [...gone];
}

/**
 * Reports whether an index goes with the messages of an account: not when the account has not come so far yet, or has another message in the place
 * of the last one. Then its data was put back from a backup.
 */
export async function isOwnPosition(
  reader: Reader,
  account: AccountId,
  { lastId, modSeq, stamp }: IndexPosition,
): Promise<boolean> {
  const state = await reader.get<{ modseq: number; next: number }>(
    sql`SELECT modseq, next_id AS next FROM account_state WHERE account = ${account}`,
  );
  if (state === undefined || state.next <= lastId || state.modseq < modSeq) return false;
  const [row] = await reader.arrays(
    sql`SELECT size_bytes, received_ms FROM email WHERE account = ${account} AND id = ${lastId}`,
  );
  return row === undefined || stampOf(Number(row[0]), Number(row[1])) === stamp;
}

/** Counts the messages behind a position, the expunged ones included. */
export async function countBehind(reader: Reader, account: AccountId, lastId: number): Promise<number> {
  const [row] = await reader.arrays(sql`SELECT COUNT(*) FROM email WHERE account = ${account} AND id > ${lastId}`);
  return Number(row?.[0] ?? 0);
}

function stampOf(sizeBytes: number, receivedMs: number): string {
  return `${sizeBytes}-${receivedMs}`;
}
