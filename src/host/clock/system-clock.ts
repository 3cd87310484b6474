import type { Clock } from '#ports/clock';

/** Longest delay of one timer of Node; longer waits are made of several. */
const maxDelayMs = 0x7fff_ffff;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted === true) {
      reject(reasonOf(signal));
      return promise;
    }
    const timer = longTimer(ms, true, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      reject(signal === undefined ? new Error('aborted') : reasonOf(signal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    return promise;
  },
  timer: (ms, fn) => longTimer(ms, false, fn),
};

function longTimer(ms: number, keepsAlive: boolean, fn: () => void): Disposable {
  let handle: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const delayMs = Math.min(Math.max(leftMs, 0), maxDelayMs);
    handle = setTimeout(() => (leftMs > maxDelayMs ? arm(leftMs - maxDelayMs) : fn()), delayMs);
    if (!keepsAlive) handle.unref();
  };
  arm(ms);
  return { [Symbol.dispose]: () => clearTimeout(handle) };
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
