/**
 * Threads for work that would stall the event loop. A thread's own file is plain JavaScript: TypeScript would load the compiler that strips
 * types once more for each thread, 17 MB.
 * Invariants: threads start when first needed and do not keep the process alive; a thread that died is noted and replaced, and its jobs are done by the next one.
 */
export { JobThread } from './job-thread.ts';
export { threadedSlowHash } from './slow-hash.ts';
