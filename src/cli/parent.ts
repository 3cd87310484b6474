import cluster from 'node:cluster';
import { onProcessRequest } from '#host/process';
import { answerSecrets } from './parent-files.ts';
import { previousEnd, type ReloadMessage, type StopMessage } from './requests.ts';
import { RestartPolicy } from './restart-policy.ts';

type Worker = ReturnType<typeof cluster.fork>;

/**
 * The privileged parent: starts this same program again as its worker, binds ports for it, reads its certificates, passes on requests, and starts
 * another worker when that one is killed or fails. Everything that meets the network runs in the worker, which gives up root before it opens a port.
 * @returns the last worker's exit code.
 */
export async function runWorker(): Promise<number> {
  // The worker accepts connections itself; we only bind and hand over the socket.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const policy = new RestartPolicy();
  let worker: Worker | null = null;
  let asked = 0;
  let endWait: () => void = () => undefined;
  using _requests = onProcessRequest((request) => {
    if (request !== 'stop') {
      if (worker?.isConnected() === true) worker.send({ reload: true } satisfies ReloadMessage);
      return;
    }
    asked += 1;
    endWait();
    if (worker?.isConnected() === true) worker.send({ stop: asked } satisfies StopMessage);
    else if (asked > 1) worker?.process.kill('SIGKILL');
  });
  for (let before = ''; ;) {
    worker = cluster.fork(before === '' ? {} : { [previousEnd]: before });
    const { code, signal, hadListened, upMs } = await ended(worker);
    worker = null;
    const end = signal === null ? `with exit code ${code ?? 'unknown'}` : `by ${signal}`;
    const delayMs = policy.afterEnd({ code, signal, hadListened, upMs, wasAsked: asked > 0 });
    if (delayMs === null) {
      if (signal !== null) console.error(`godwit: the server process was ended ${end}`);
      return code ?? 1;
    }
    console.error(`godwit: the server process ended ${end}; starting it again in ${delayMs / 1000} s`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    if (asked > 0) return code ?? 1;
    before = end;
  }
}

async function ended(worker: Worker): Promise<{
  readonly code: number | null;
  readonly signal: string | null;
  readonly hadListened: boolean;
  readonly upMs: number;
}> {
  answerSecrets(worker);
  const startedMs = performance.now();
  let hadListened = false;
  worker.once('listening', () => {
    hadListened = true;
  });
  return await new Promise((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      resolve({ code, signal, hadListened, upMs: performance.now() - startedMs });
    });
  });
}
