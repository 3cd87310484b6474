import cluster from 'node:cluster';
import { isatty } from 'node:tty';
import { onProcessRequest, type ProcessRequest } from '#host/process';

/** Environment variable by which the parent tells a worker how the one before it ended. */
export const previousEnd = 'GODWIT_PREVIOUS_END';

/** Message of the privileged parent to its worker: how many times it was asked to stop. */
export interface StopMessage {
  readonly stop: number;
}

/** The privileged parent passes on that the process is to read its files again. */
export interface ReloadMessage {
  readonly reload: true;
}

/** Requests to the process. */
export interface Requests {
  /** Stop; `isNow` is false the first time, true for a second request. */
  readonly onStop: (isNow: boolean) => void;
  /** Read again what may have changed. */
  readonly onReload: () => void;
}

/**
 * Listens to what the process is asked for, until disposed. A worker listens to its parent; a terminal and systemd signal both, so its own signals never count as the second.
 * A worker whose parent died stops as well.
 */
export function onRequest({ onStop, onReload }: Requests): Disposable {
  const { worker } = cluster;
  if (worker === undefined) {
    let asked = 0;
    const hasTerminal = isatty(0);
    return onProcessRequest((request) => {
      if (!meansStop(request, hasTerminal)) return onReload();
      asked += 1;
      onStop(asked > 1);
    });
  }
  const hear = (message: unknown): void => {
    if (isStopMessage(message)) onStop(message.stop > 1);
    else if (typeof message === 'object' && message !== null && 'reload' in message) onReload();
  };
  const orphaned = (): void => {
    // Otherwise Node ends an orphan at once.
    worker.exitedAfterDisconnect = true;
    onStop(false);
  };
  process.on('message', hear);
  worker.on('disconnect', orphaned);
  const signals = onProcessRequest((request) => {
    if (request === 'stop') onStop(false);
    else onReload();
  });
  return {
    [Symbol.dispose]: () => {
      process.off('message', hear);
      worker.off('disconnect', orphaned);
      signals[Symbol.dispose]();
    },
  };
}

/** SIGHUP of a process in a terminal says that the terminal was closed; otherwise it asks to reload. */
export function meansStop(request: ProcessRequest, hasTerminal: boolean): boolean {
  return request === 'stop' || hasTerminal;
}

function isStopMessage(message: unknown): message is StopMessage {
  return typeof message === 'object' && message !== null && 'stop' in message && typeof message.stop === 'number';
}

/** Lets go of the parent, whose channel would keep a worker alive. Does nothing in other processes. */
export function leaveParent(): void {
  if (cluster.worker === undefined || !process.connected) return;
  cluster.worker.exitedAfterDisconnect = true;
  process.disconnect?.();
}
