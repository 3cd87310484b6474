import cluster from 'node:cluster';
import { systemClock } from '#host/clock';
import { onProcessRequest, returnMemory } from '#host/process';
import { answerSecrets } from './parent-files.ts';
import type { ReloadMessage, StopMessage } from './requests.ts';

/**
 * The privileged parent: starts this same program again as its worker, binds ports for it, reads its certificates, passes on requests, and does nothing else.
 * Everything that meets the network runs in the worker, which gives up root before it opens a port.
 * @returns the worker's exit code.
 */
export async function runWorker(): Promise<number> {
  // The worker accepts connections itself; we only bind and hand over the socket.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // Threads that sync files and hash passwords would otherwise have a heap of their own each, which glibc never gives back.
  const worker = cluster.fork({ MALLOC_ARENA_MAX: '2', ...process.env });
  answerSecrets(worker);
  using _return = returnMemory(systemClock);
  let asked = 0;
  using _requests = onProcessRequest((request) => {
    if (request !== 'stop') {
      if (worker.isConnected()) worker.send({ reload: true } satisfies ReloadMessage);
      return;
    }
    asked += 1;
    if (worker.isConnected()) worker.send({ stop: asked } satisfies StopMessage);
    else if (asked > 1) worker.process.kill('SIGKILL');
  });
  return await new Promise<number>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (signal !== null) console.error(`godwit: the server process was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}
