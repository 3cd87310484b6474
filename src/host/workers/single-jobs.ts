import { ignoreConditions, type ConditionSink } from '#ports/conditions';
import { JobThread, type JobThreadLimits } from './job-thread.ts';

/** Does each job in a thread of its own, which ends with it: for jobs that are rare, whose thread would only keep memory in between. */
export class SingleJobs<Job, Result> {
  readonly #file: URL;
  readonly #limits: JobThreadLimits;
  readonly #conditions: ConditionSink;

  /** @param file  As for `JobThread`. It may be TypeScript, at the price of some 150 ms of another core for each job. */
  constructor(file: URL, limits: JobThreadLimits, conditions: ConditionSink = ignoreConditions) {
    this.#file = file;
    this.#limits = limits;
    this.#conditions = conditions;
  }

  /** Does one job. Rejects as `JobThread.run` does. */
  async run(job: Job): Promise<Result> {
    const thread = new JobThread<Job, Result>(this.#file, this.#limits, this.#conditions);
    try {
      return await thread.run(job);
    } finally {
      await thread.close();
    }
  }
}
