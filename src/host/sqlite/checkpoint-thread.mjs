// The thread of Checkpointer. PASSIVE takes no lock that a writer or reader waits for; SQLite syncs the log before and the database file after.
import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', ({ id, job }) => {
  try {
    parentPort?.postMessage({ id, result: checkpoint(job.path) });
  } catch (error) {
    parentPort?.postMessage({ id, failure: error instanceof Error ? error.message : String(error) });
  }
});

function checkpoint(path) {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-256');
    const row = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    return { logPages: Number(row?.['log'] ?? 0), movedPages: Number(row?.['checkpointed'] ?? 0) };
  } finally {
    database.close();
  }
}
