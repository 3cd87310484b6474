import { JobThread } from '#host/workers';

/** Result of one checkpoint: `movedPages` of the `logPages` pages in the log are in the database file now, and synced there. */
interface Checkpointed {
  readonly logPages: number;
  readonly movedPages: number;
}

/** Copies pages from write-ahead logs into their database files, in a thread of its own, so that its syncs never stall the event loop. */
export class Checkpointer {
  readonly #thread = new JobThread<{ readonly path: string }, Checkpointed>(
    new URL('./checkpoint-thread.mjs', import.meta.url),
    { maxHeapMb: 32 },
  );

  /** @throws Error with SQLite's message when it failed. */
  checkpoint(path: string): Promise<Checkpointed> {
    return this.#thread.run({ path });
  }

  /** Ends the thread; checkpoints that still wait fail. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
