import { parentPort } from 'node:worker_threads';

/** Answers the jobs of a `JobThread` in its thread, one after the other. A job that throws fails with the words of its error. */
export function answerJobs(work: (job: never) => unknown): void {
  parentPort?.on('message', ({ id, job }: { readonly id: number; readonly job: never }) => {
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      parentPort?.postMessage({ id, result: work(job) });
    } catch (error) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- as above
      parentPort?.postMessage({ id, failure: error instanceof Error ? error.message : String(error) });
    }
  });
}
