import { Worker } from 'node:worker_threads';
import type { CheckpointJob, CheckpointReport } from './checkpoint-worker.ts';

/** Result of one checkpoint: `movedPages` of the `logPages` pages in the log are in the database file now. */
interface Checkpointed {
  readonly logPages: number;
  readonly movedPages: number;
}

/**
 * Copies pages from write-ahead logs into their database files, in a thread of its own, so that its syncs never stall the event loop.
 * The thread starts at the first checkpoint and does not keep the process alive.
 */
export class Checkpointer {
  #worker: Worker | null = null;
  #lastId = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<Checkpointed>>();

  /** @throws Error with SQLite's message when it failed. */
  checkpoint(path: string): Promise<Checkpointed> {
    this.#worker ??= this.#start();
    this.#lastId += 1;
    const job: CheckpointJob = { id: this.#lastId, path };
    const waiter = Promise.withResolvers<Checkpointed>();
    this.#waiting.set(job.id, waiter);
    // While a job runs the thread counts as work, so that nobody's wait for it ends with the process.
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(job);
    return waiter.promise;
  }

  /** Ends the thread; checkpoints that still wait fail. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./checkpoint-worker.${extension}`, import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
    worker.on('message', (report: CheckpointReport) => this.#settle(worker, report));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new Error('the checkpoint thread ended')));
    return worker;
  }

  #settle(worker: Worker, report: CheckpointReport): void {
    const waiter = this.#waiting.get(report.id);
    this.#waiting.delete(report.id);
    if (this.#waiting.size === 0) worker.unref();
    if (report.kind === 'done') waiter?.resolve({ logPages: report.logPages, movedPages: report.movedPages });
    else waiter?.reject(new Error(report.reason));
  }

  #lost(worker: Worker, reason: unknown): void {
    if (this.#worker === worker) this.#worker = null;
    for (const waiter of this.#waiting.values()) waiter.reject(reason);
    this.#waiting.clear();
  }
}
