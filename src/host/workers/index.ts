/**
 * Threads for work that would stall the event loop. A thread's own file is plain JavaScript: TypeScript would load the compiler that strips
 * types once more for each thread, 17 MB.
 * Invariants: threads start when first needed and do not keep the process alive; a lost thread fails its jobs and is replaced.
 */
export { JobThread } from './job-thread.ts';
export { threadedSlowHash, type ThreadedSlowHash } from './slow-hash.ts';
