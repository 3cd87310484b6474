/** Requests of the operator or the system to the process. */
export type ProcessRequest = 'stop' | 'reload';

/** The part of `process` that hears signals; tests bring their own. */
export interface SignalSource {
  readonly platform: string;
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * Calls `onRequest` for SIGTERM, SIGINT (Ctrl-C, on Windows too), SIGBREAK (Ctrl-Break) and, as `reload`, SIGHUP.
 * On Windows SIGHUP means that the console closes and the system ends us seconds later: that is `stop`.
 * A second request to stop is passed on as well; the caller may then end at once. Dispose to listen no more.
 */
export function onProcessRequest(
  onRequest: (request: ProcessRequest, signal: NodeJS.Signals) => void,
  source: SignalSource = process,
): Disposable {
  const listeners = signals(source.platform === 'win32').map(([signal, request]) => {
    const listener = (): void => onRequest(request, signal);
    source.on(signal, listener);
    return () => source.off(signal, listener);
  });
  return {
    [Symbol.dispose]: () => {
      for (const off of listeners) off();
    },
  };
}

function signals(isWindows: boolean): [NodeJS.Signals, ProcessRequest][] {
  return [
    ['SIGTERM', 'stop'],
    ['SIGINT', 'stop'],
    ['SIGHUP', isWindows ? 'stop' : 'reload'],
    ...(isWindows ? [['SIGBREAK', 'stop'] as [NodeJS.Signals, ProcessRequest]] : []),
  ];
}
