import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const script = fileURLToPath(new URL('integrity-process.mjs', import.meta.url));
const thread = new URL('integrity-thread.mjs', import.meta.url);

type Report = { readonly damages: string[] } | { readonly failure: string };

/**
 * Runs SQLite's integrity check over a database file that nothing is copied to meanwhile. In a process of its own: it takes seconds for
 * large files, and a second descriptor of the file, closed in ours, would give up the locks that we hold (POSIX). A thread starts the process, which takes
 * tens of milliseconds: the system copies the tables of all our memory, and the new process has to begin.
 * @returns what is damaged, a line each. @throws when the process cannot be run or `signal` is aborted.
 */
export function damagesOf(path: string, signal: AbortSignal): Promise<string[]> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const worker = new Worker(thread, { execArgv: [], workerData: { script, path } });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    const stop = (): void => worker.postMessage('stop');
    signal.addEventListener('abort', stop, { once: true });
    worker.once('message', (report: Report) => {
      if ('damages' in report) resolve(report.damages);
      else reject(new Error(report.failure));
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      reject(new Error('the check of a database file ended early'));
    });
  });
}
