import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';

/** One checkpoint to make. */
export interface CheckpointJob {
  readonly id: number;
  readonly path: string;
}

/** What came of it. `movedPages` of the `logPages` pages in the log are now in the database file, and synced there. */
export type CheckpointReport =
  | { readonly id: number; readonly kind: 'done'; readonly logPages: number; readonly movedPages: number }
  | { readonly id: number; readonly kind: 'failed'; readonly reason: string };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
parentPort?.on('message', (job: CheckpointJob) => parentPort?.postMessage(report(job)));

/** PASSIVE takes no lock that a writer or reader waits for. SQLite syncs the log before and the database file after. */
function report({ id, path }: CheckpointJob): CheckpointReport {
  try {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec('PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-256');
      const row = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
      return { id, kind: 'done', logPages: Number(row?.['log'] ?? 0), movedPages: Number(row?.['checkpointed'] ?? 0) };
    } finally {
      database.close();
    }
  } catch (error) {
    return { id, kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}
