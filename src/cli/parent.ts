import cluster from 'node:cluster';
import { onProcessRequest } from '#host/process';
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
  const worker = cluster.fork();
  answerSecrets(worker);
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
