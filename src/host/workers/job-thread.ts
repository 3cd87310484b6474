import { Worker } from 'node:worker_threads';
import { ConditionError, ignoreConditions, type ConditionSink } from '#ports/conditions';

interface Report<Result> {
  readonly id: number;
  readonly result?: Result;
  /** Reason why it failed. */
  readonly failure?: string;
}

/** A job that was given to the thread. */
interface Waiting<Job, Result> extends PromiseWithResolvers<Result> {
  readonly job: Job;
  /** Threads that died while they had it. */
  deaths: number;
}

/** Limits of a thread. */
export interface JobThreadLimits {
  readonly maxHeapMb: number;
  /** Default: 2, for a thread that allocates little. */
  readonly maxYoungMb?: number;
  /** A job whose thread died is given to a new one, until so many have died of it. Default: 2. */
  readonly maxDeaths?: number;
}

const defaultMaxDeaths = 2;
const defaultMaxYoungMb = 2;

/**
 * A thread that does one kind of job, one after the other. When it dies, which is noted, a new one goes on with the jobs that wait. Its file answers each message `{ id, job }` with `{ id, result }` or `{ id, failure }`.
 */
export class JobThread<Job, Result> {
  readonly #file: URL;
  readonly #limits: JobThreadLimits;
  readonly #conditions: ConditionSink;
  #worker: Worker | null = null;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting<Job, Result>>();

  constructor(file: URL, limits: JobThreadLimits, conditions: ConditionSink = ignoreConditions) {
    this.#conditions = conditions;
    this.#file = file;
    this.#limits = limits;
  }

  /**
   * Does one job. @throws Error with the thread's words when it failed, ConditionError `overloaded` when threads died of it, Error when it
   * was closed.
   */
  run(job: Job): Promise<Result> {
    const waiter: Waiting<Job, Result> = { ...Promise.withResolvers<Result>(), job, deaths: 0 };
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, waiter);
    try {
      this.#post(this.#worker ?? this.#start(), this.#lastId, job);
    } catch (error) {
      // No thread could be made, or the job cannot be sent to one.
      this.#waiting.delete(this.#lastId);
      waiter.reject(error);
    }
    return waiter.promise;
  }

  #post(worker: Worker, id: number, job: Job): void {
    // While a job runs the thread counts as work, so that no wait for it ends with the process.
    worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage({ id, job });
  }

  /** Ends the thread; jobs that still wait fail. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    for (const waiter of this.#waiting.values()) waiter.reject(new Error('the thread ended'));
    this.#waiting.clear();
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#file, {
      execArgv: [],
      resourceLimits: {
        maxOldGenerationSizeMb: this.#limits.maxHeapMb,
        maxYoungGenerationSizeMb: this.#limits.maxYoungMb ?? defaultMaxYoungMb,
      },
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
    if (this.#worker !== worker) return;
    this.#worker = null;
    const died = new ConditionError('overloaded', `thread ${this.#file.pathname.split('/').at(-1) ?? ''}`, {
      message: `a worker thread died: ${reason instanceof Error ? reason.message : String(reason)}`,
      cause: reason,
    });
    this.#conditions.note(died);
    const { maxDeaths = defaultMaxDeaths } = this.#limits;
    const [first] = this.#waiting.entries();
    // Only the job at hand can have been its death: the others have not begun.
    if (first !== undefined) {
      const [id, waiter] = first;
      waiter.deaths += 1;
      if (waiter.deaths >= maxDeaths) {
        this.#waiting.delete(id);
        waiter.reject(died);
      }
    }
    if (this.#waiting.size === 0) return;
    try {
      const next = this.#start();
      for (const [id, { job }] of this.#waiting) this.#post(next, id, job);
    } catch {
      for (const waiter of this.#waiting.values()) waiter.reject(died);
      this.#waiting.clear();
    }
  }
}
