/**
 * Threads for work that would stall the event loop. The file of a thread that stays is plain JavaScript: TypeScript would load the compiler that strips
 * types once more for each thread, 17 MB.
 * Invariants: threads start when first needed and do not keep the process alive; a thread that died is noted and replaced, and its jobs are done by the next one.
 */
export { answerJobs } from './answer-jobs.ts';
export { JobThread } from './job-thread.ts';
export { SingleJobs } from './single-jobs.ts';
export { threadedSlowHash } from './slow-hash.ts';
