import type { AccountId } from '#lib/ids';
import type { BlobId, BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import type { Log } from '#ports/log';

/** What `BlobSweeper` needs. */
export interface BlobSweeperDeps {
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a blob without a row is left alone: a reader may have it open, or its row may be about to be written. */
const graceMs = 60 * 60_000;
const firstRetryMs = 60_000;
const maxRetryMs = 24 * 60 * 60_000;
const batch = 100;

/** Removes blobs that no row refers to any more; nothing else does (invariant 2). */
export class BlobSweeper {
  readonly #deps: BlobSweeperDeps;

  constructor(deps: BlobSweeperDeps) {
    this.#deps = deps;
  }

  /** Removes an account's garbage that is due; failed removals are tried again later. @returns how many blobs were removed. */
  async sweepAccount(account: AccountId, db: Database): Promise<number> {
    const now = this.#deps.clock.now();
    const due = await db.read((reader) =>
      reader.all<{ blob: BlobId; attempts: number }>(
        sql`SELECT blob_id AS blob, attempts FROM blob_garbage WHERE account = ${account} AND due_ms <= ${now} LIMIT ${batch}`,
      ),
    );
    if (due.length === 0) return 0;
    await db.durable();
    const removed: BlobId[] = [];
    const failed: { readonly blob: BlobId; readonly attempts: number }[] = [];
    for (const row of due) {
      if (await this.#remove(account, row.blob)) removed.push(row.blob);
      else failed.push(row);
    }
    await db.write(async (tx) => {
      for (const blob of removed) {
        await tx.run(sql`DELETE FROM blob_garbage WHERE account = ${account} AND blob_id = ${blob}`);
      }
      for (const { blob, attempts } of failed) {
        const dueMs = now + Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempts, 20));
        await tx.run(
          sql`UPDATE blob_garbage SET attempts = attempts + 1, due_ms = ${dueMs} WHERE account = ${account} AND blob_id = ${blob}`,
        );
      }
    });
    return removed.length;
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

  /** Turns blobs of an account that have no row into garbage: what a crash between blob and row leaves. @returns how many. */
  async collectOrphans(account: AccountId, db: Database): Promise<number> {
    const now = this.#deps.clock.now();
    let orphans = 0;
    for await (const { id, modifiedMs } of this.#deps.blobs.list(account)) {
      if (modifiedMs > now - graceMs) continue;
      orphans += await db.write(async (tx) =>
        (await isReferred(tx, account, id)) ? 0 : addGarbage(tx, account, id, now),
      );
    }
    return orphans;
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

/** Notes that a blob's row is gone. The blob follows after an hour, when its last reader has finished. */
export async function discardBlob(tx: Tx, account: AccountId, id: BlobId, nowMs: number): Promise<void> {
  await addGarbage(tx, account, id, nowMs + graceMs);
}

async function addGarbage(tx: Tx, account: AccountId, id: BlobId, dueMs: number): Promise<number> {
  return await tx.run(
    sql`INSERT INTO blob_garbage (account, blob_id, due_ms, attempts) VALUES (${account}, ${id}, ${dueMs}, 0) ON CONFLICT DO NOTHING`,
  );
}

async function isReferred(tx: Tx, account: AccountId, id: BlobId): Promise<boolean> {
  const row = await tx.get(sql`SELECT 1 AS one FROM content WHERE account = ${account} AND blob_id = ${id}`);
  return row !== undefined;
}
