import type { AccountId } from '#lib/ids';
import { inList } from '#mail/schema';
import type { BlobId, BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import type { Log } from '#ports/log';

/** Dependencies of `BlobSweeper`. */
export interface BlobSweeperDeps {
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Time in ms for which a blob without a row is left alone: a reader may have it open, or its row may be about to be written. */
const graceMs = 60 * 60_000;
/** Blobs without a row that are younger may belong to rows that a backup, restored without them, does not have yet. */
const orphanGraceMs = 14 * 24 * 60 * 60_000;
/** Blobs of rows that are looked for before blobs without rows are touched. */
const sample = 16;
const firstRetryMs = 60_000;
const maxRetryMs = 24 * 60 * 60_000;
const batch = 100;
/** Blobs looked up at a time. */
const lookBatch = 500;

/** Removes blobs that no row refers to any more; nothing else does (invariant 2). */
export class BlobSweeper {
  readonly #deps: BlobSweeperDeps;

  constructor(deps: BlobSweeperDeps) {
    this.#deps = deps;
  }

  /**
   * Removes an account's garbage that is due, or will be within `earlierMs`; failed removals are tried again later. @returns how many blobs were removed.
   */
  async sweepAccount(account: AccountId, db: Database, earlierMs = 0): Promise<number> {
    let removed = 0;
    for (let more = true; more;) {
      const done = await this.#sweepBatch(account, db, earlierMs);
      removed += done.removed;
      more = done.isFull;
    }
    return removed;
  }

  async #sweepBatch(
    account: AccountId,
    db: Database,
    earlierMs: number,
  ): Promise<{ readonly removed: number; readonly isFull: boolean }> {
    const now = this.#deps.clock.now();
    const due = await db.read((reader) =>
      reader.all<{ blob: BlobId; attempts: number; row: number | null }>(
        sql`SELECT g.blob_id AS blob, g.attempts, c.id AS row FROM blob_garbage AS g
          LEFT JOIN content AS c ON c.account = g.account AND c.blob_id = g.blob_id
          WHERE g.account = ${account} AND g.due_ms <= ${now + earlierMs} LIMIT ${batch}`,
      ),
    );
    if (due.length === 0) return { removed: 0, isFull: false };
    await db.durable();
    const settled: BlobId[] = [];
    const failed: { readonly blob: BlobId; readonly attempts: number }[] = [];
    let removed = 0;
    for (const { blob, attempts, row } of due) {
      // Its row came after it had been taken for an orphan.
      if (row !== null) settled.push(blob);
      else if (await this.#remove(account, blob)) {
        settled.push(blob);
        removed += 1;
      } else failed.push({ blob, attempts });
    }
    await db.write(async (tx) => {
      for (const blob of settled) {
        await tx.run(sql`DELETE FROM blob_garbage WHERE account = ${account} AND blob_id = ${blob}`);
      }
      for (const { blob, attempts } of failed) {
        const dueMs = now + Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempts, 20));
        await tx.run(
          sql`UPDATE blob_garbage SET attempts = attempts + 1, due_ms = ${dueMs} WHERE account = ${account} AND blob_id = ${blob}`,
        );
      }
    }, 'reserve');
    return { removed, isFull: due.length === batch };
  }

  /** Removes what a crash left of messages that were being received. @returns how many blobs were removed. */
  async sweepIncoming(): Promise<number> {
    const before = this.#deps.clock.now() - 24 * graceMs;
    let removed = 0;
    for await (const { id, modifiedMs } of this.#deps.blobs.list('incoming')) {
      if (modifiedMs < before && (await this.#remove('incoming', id))) removed += 1;
    }
    return removed;
  }

  /**
   * Turns blobs of an account that have no row into garbage: what a crash between blob and row leaves. They go an hour later,
   * unless a row has come by then. Nothing is touched where rows miss their blobs: the folder may be another's, or the rows older than it.
   * @returns how many.
   */
  async collectOrphans(account: AccountId, db: Database): Promise<number> {
    const now = this.#deps.clock.now();
    const missing = await this.#missingOf(account, db);
    if (missing !== null) {
      this.#deps.log.warn('blob.orphansKept', { account, missing });
      return 0;
    }
    let orphans = 0;
    let old: BlobId[] = [];
    for await (const { id, modifiedMs } of this.#deps.blobs.list(account)) {
      if (modifiedMs > now - orphanGraceMs) continue;
      old.push(id);
      if (old.length < lookBatch) continue;
      orphans += await collect(db, account, old, now);
      old = [];
    }
    return orphans + (await collect(db, account, old, now));
  }

  /** Of some blobs that rows refer to, one that does not exist; null when all do. */
  async #missingOf(account: AccountId, db: Database): Promise<BlobId | null> {
    const rows = await db.read((reader) =>
      reader.all<{ blob: BlobId }>(
        sql`SELECT blob_id AS blob FROM content WHERE account = ${account} AND blob_id IS NOT NULL ORDER BY blob_id LIMIT ${sample}`,
      ),
    );
    for (const { blob } of rows) {
      try {
        await using _reader = await this.#deps.blobs.open(account, blob);
      } catch {
        return blob;
      }
    }
    return null;
  }

  /** Removes all blobs of an account that does not exist any more: what was on its way in when it went. @returns how many. */
  async removeAll(account: AccountId): Promise<number> {
    let removed = 0;
    for await (const { id } of this.#deps.blobs.list(account)) if (await this.#remove(account, id)) removed += 1;
    return removed;
  }

  async #remove(owner: AccountId | 'incoming', id: BlobId): Promise<boolean> {
    try {
      await this.#deps.blobs.remove(owner, id);
      return true;
    } catch (cause) {
      this.#deps.log.warn('blob.removeFailed', { owner, blob: id, reason: String(cause) });
      return false;
    }
  }
}

/** Notes that a blob has no row. The blob follows after an hour, when its last reader has finished. */
export async function discardBlob(tx: Tx, account: AccountId, id: BlobId, nowMs: number): Promise<void> {
  await tx.run(
    sql`INSERT INTO blob_garbage (account, blob_id, due_ms, attempts) VALUES (${account}, ${id}, ${nowMs + graceMs}, 0) ON CONFLICT DO NOTHING`,
  );
}

/** Of some blobs, those that neither a row nor the garbage knows become garbage. @returns how many. */
async function collect(db: Database, account: AccountId, blobs: readonly BlobId[], nowMs: number): Promise<number> {
  if (blobs.length === 0) return 0;
  const list = inList(blobs);
  const known = await db.read((reader) =>
    reader.all<{
      blob: BlobId;
    }>(sql`SELECT blob_id AS blob FROM content WHERE account = ${account} AND blob_id IN ${list}
      UNION ALL SELECT blob_id AS blob FROM blob_garbage WHERE account = ${account} AND blob_id IN ${list}`),
  );
  const found = new Set(known.map(({ blob }) => blob));
  const orphans = blobs.filter((blob) => !found.has(blob));
  if (orphans.length === 0) return 0;
  await db.write(async (tx) => {
    for (const blob of orphans) await discardBlob(tx, account, blob, nowMs);
  });
  return orphans.length;
}
