import { Worker } from 'node:worker_threads';

interface Report<Result> {
  readonly id: number;
  readonly result?: Result;
  /** Why it failed. */
  readonly failure?: string;
}

/** How a thread is limited. */
export interface JobThreadLimits {
  readonly maxHeapMb: number;
}

/**
 * A thread that does one kind of job, one after the other. Its file answers each message `{ id, job }` with `{ id, result }` or `{ id, failure }`.
 */
export class JobThread<Job, Result> {
  readonly #file: URL;
  readonly #limits: JobThreadLimits;
  #worker: Worker | null = null;
  #lastId = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<Result>>();

  constructor(file: URL, limits: JobThreadLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Does one job. @throws Error with the thread's words when it failed, or when the thread ended. */
  run(job: Job): Promise<Result> {
    const worker = this.#worker ?? this.#start();
    this.#lastId += 1;
    const waiter = Promise.withResolvers<Result>();
    this.#waiting.set(this.#lastId, waiter);
    // While a job runs the thread counts as work, so that nobody's wait for it ends with the process.
    worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage({ id: this.#lastId, job });
    return waiter.promise;
  }

  /** Ends the thread; jobs that still wait fail. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#file, {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.maxHeapMb, maxYoungGenerationSizeMb: 2 },
    });
    worker.on('message', (report: Report<Result>) => this.#settle(worker, report));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new Error('the thread ended')));
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Worker, { id, result, failure }: Report<Result>): void {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) worker.unref();
    if (failure !== undefined) waiter?.reject(new Error(failure));
    else waiter?.resolve(result as Result);
  }

  #lost(worker: Worker, reason: unknown): void {
    if (this.#worker !== worker && this.#worker !== null) return;
    this.#worker = null;
    for (const waiter of this.#waiting.values()) waiter.reject(reason);
    this.#waiting.clear();
  }
}
