import { SingleJobs } from '#host/workers';
import { configThreadFile, type ConfigAnswer, type ConfigJob } from '#server/configuration';

/** A file of 16 MiB, the largest that is read, takes some hundred times as much when it is parsed. */
const limits = { maxHeapMb: 2048, maxYoungMb: 16 };

/** Returns a function that does the jobs of a configuration in threads, beside the event loop of a server. */
export function configurationThread(): (job: ConfigJob) => Promise<ConfigAnswer> {
  const jobs = new SingleJobs<ConfigJob, ConfigAnswer>(configThreadFile, limits);
  return (job) => jobs.run(job);
}
