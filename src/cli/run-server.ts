import process from 'node:process';
import type { Files } from '#host/files';
import { streamLog, type LogLevel, type StreamLog } from '#host/log';
import type { ServerConfig } from '#mail/config';
import type { RunningServer, ServerAddress, Services } from '#server/assemble';
import { onRequest } from './requests.ts';

/** Options of a run. */
export interface RunOptions {
  readonly folder: string;
  readonly files: Files;
  readonly log: StreamLog;
  /** Does what must be done before any port is open. */
  readonly prepare?: (services: Services) => Promise<void>;
  /** File that says where the server listens, written when all ports are open and removed at the stop. */
  readonly readyFile?: string;
  /** Called once all ports are open. */
  readonly onReady: (server: RunningServer) => Promise<void>;
}

/** The log that the configuration asks for. @param level  Instead of the configured one. */
export function serverLog(config: ServerConfig, level: LogLevel = config.log.level): StreamLog {
  return streamLog({ level, format: config.log.format, now: Date.now });
}

/**
 * Runs a server until it is asked to stop, then lets it finish what it is at. A second request ends the process at once with 1;
 * data that can no longer be made durable ends it with 75, an uncaught bug with 70.
 * @returns the exit code.
 */
export async function runServer({ folder, files, log, prepare, readyFile, onReady }: RunOptions): Promise<number> {
  const end = (event: string, code: number, cause?: unknown): never => {
    log.error(event, {}, cause);
    log.flush();
    process.exit(code);
  };
  const onBug = (error: unknown): never => end('process.bug', 70, error);
  process.once('uncaughtException', onBug);
  const stop = Promise.withResolvers<void>();
  const reload = Promise.withResolvers<() => void>();
  using _requests = onRequest({
    onStop: (isNow) => (isNow ? end('server.cutShort', 1) : stop.resolve()),
    // What comes while we start is done when we have.
    onReload: () => void reload.promise.then((work) => work()),
  });
  try {
    const { startServer } = await import('#server/assemble');
    const onFatal = (error: Error): never => end('process.fatal', 75, error);
    // One that a crash left says nothing.
    if (readyFile !== undefined) await files.remove(readyFile);
    const server = await startServer({ folder, files, log, onFatal, ...(prepare !== undefined && { prepare }) });
    reload.resolve(() => {
      // What is wrong in the files was logged.
      server.reload().catch((error: unknown) => log.error('server.reloadFailed', {}, error));
    });
    try {
      await onReady(server);
      if (readyFile !== undefined) await writeReadyFile(files, readyFile, server);
      await Promise.race([stop.promise, server.stopRequested]);
      log.info('server.stopping');
    } finally {
      if (readyFile !== undefined) await files.remove(readyFile).catch(() => undefined);
      await server[Symbol.asyncDispose]();
    }
    log.info('server.stopped');
    return 0;
  } finally {
    log.flush();
    process.off('uncaughtException', onBug);
  }
}

/** Content of a ready file. */
interface ReadyFile {
  readonly pid: number;
  readonly addresses: readonly Pick<ServerAddress, 'service' | 'address' | 'port'>[];
}

/** Writes where the server listens, so that readers see nothing or all of it. */
async function writeReadyFile(files: Files, path: string, { addresses }: RunningServer): Promise<void> {
  const ports = addresses.map(({ service, address, port }) => ({ service, address, port }));
  const ready: ReadyFile = { pid: process.pid, addresses: ports };
  await files.write(path, new TextEncoder().encode(`${JSON.stringify(ready, null, 2)}\n`));
}
