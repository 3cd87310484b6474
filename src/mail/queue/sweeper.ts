import type { BlobId, BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { sql, type Database } from '#ports/database';
import type { Log } from '#ports/log';
import { inList } from '#mail/schema';
import { removeEmptyMessages } from './finish.ts';
import type { QueueFollower } from './follower.ts';
import { removeFinishedBefore } from './recipient-rows.ts';
import type { QueueSettings } from './settings.ts';

/** Dependencies of `QueueSweeper`. */
export interface QueueSweeperDeps {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Pick<QueueSettings, 'keepFinishedMs'>;
  /** Follows what accounts submitted; null for none. */
  readonly follower: QueueFollower | null;
}

const batch = 500;
const orphanAgeMs = 24 * 60 * 60_000;

/** Removes finished rows after their time, and blobs that no row names any more (invariant 2). To be run every hour or so. */
export class QueueSweeper {
  readonly #deps: QueueSweeperDeps;

  constructor(deps: QueueSweeperDeps) {
    this.#deps = deps;
  }

  /** @returns how many recipients and blobs were removed. */
  async sweep(): Promise<{ readonly recipients: number; readonly blobs: number }> {
    let recipients = 0;
    for (let removed = batch; removed === batch; recipients += removed) removed = await this.#sweepRows();
    return { recipients, blobs: (await this.sweepGarbage()) + (await this.#sweepOrphans()) };
  }

  async #sweepRows(): Promise<number> {
    const beforeMs = this.#deps.clock.now() - this.#deps.settings.keepFinishedMs;
    return await this.#deps.db.write(async (tx) => {
      const messages = await removeFinishedBefore(tx, { beforeMs, limit: batch }, this.#deps.follower);
      if (messages.length > 0) await removeEmptyMessages(tx, [...new Set(messages)]);
      return messages.length;
    }, 'reserve');
  }

  /**
   * Removes blobs that no row names any more, those whose time comes within `earlierMs` too. @returns how many.
   */
  async sweepGarbage(earlierMs = 0): Promise<number> {
    const { db, clock } = this.#deps;
    const untilMs = clock.now() + earlierMs;
    const rows = await db.read((reader) =>
      reader.all<{ blob: BlobId }>(
        sql`SELECT blob_id AS blob FROM queue_garbage WHERE due_ms <= ${untilMs} LIMIT ${batch}`,
      ),
    );
    if (rows.length === 0) return 0;
    await db.durable();
    const removed: BlobId[] = [];
    for (const { blob } of rows) if (await this.#remove(blob)) removed.push(blob);
    if (removed.length > 0) {
      await db.write((tx) => tx.run(sql`DELETE FROM queue_garbage WHERE blob_id IN ${inList(removed)}`), 'reserve');
    }
    return removed.length;
  }

  /** Blobs that a crash left before their row was written. */
  async #sweepOrphans(): Promise<number> {
    const beforeMs = this.#deps.clock.now() - orphanAgeMs;
    let removed = 0;
    for await (const { id, modifiedMs } of this.#deps.blobs.list('queue')) {
      if (modifiedMs >= beforeMs) continue;
      const row = await this.#deps.db.read((reader) =>
        reader.get(sql`SELECT 1 AS one FROM queue_message WHERE blob_id = ${id}
          UNION ALL SELECT 1 AS one FROM queue_garbage WHERE blob_id = ${id}`),
      );
      if (row === undefined && (await this.#remove(id))) removed += 1;
    }
    return removed;
  }

  async #remove(id: BlobId): Promise<boolean> {
    try {
      await this.#deps.blobs.remove('queue', id);
      return true;
    } catch (cause) {
      this.#deps.log.warn('queue.blobRemoveFailed', { blob: id, reason: String(cause) });
      return false;
    }
  }
}
