import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join, resolve } from 'node:path';
import type { LogLevel } from '#host/log';
import { isRoot } from '#host/process';
import { configFolder } from '../folder.ts';

/** Options of `serve`. */
interface ServeOptions {
  readonly config?: string;
  readonly dir?: string;
  readonly logLevel?: LogLevel;
  readonly readyFile?: string;
}

/** Runs the mail server that a configuration describes, as root in two processes. @returns the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const folder = configFolder(options);
  // The parent stays root, so it reads and loads as little as can be; its worker does the rest.
  if (isRoot() && cluster.isPrimary && !staysRoot(folder)) return (await import('../parent.ts')).runWorker();
  const { leaveParent } = await import('../requests.ts');
  try {
    return await serveHere(folder, options);
  } finally {
    leaveParent();
  }
}

async function serveHere(folder: string, { logLevel, readyFile }: ServeOptions): Promise<number> {
  const { readPlace } = await import('../connection.ts');
  const { openSecretFiles } = await import('../secret-files.ts');
  const { runServer, serverLog } = await import('../run-server.ts');
  const { becomeServerUser } = await import('../server-user.ts');
  const { previousEnd } = await import('../requests.ts');
  const { requireSetup } = await import('../setup-problems.ts');
  await requireSetup(folder, 'try');
  const place = await readPlace(folder);
  const log = serverLog(place.config, logLevel);
  const end = process.env[previousEnd];
  if (end !== undefined) log.error('server.restarted', { end });
  const files = await openSecretFiles({ ...place, log });
  // All code is loaded while we may surely read it.
  await import('#server/assemble');
  flushCompileCache();
  await becomeServerUser(place);
  return await runServer({
    folder,
    files,
    log,
    ...(readyFile !== undefined && { readyFile: resolve(readyFile) }),
    onReady: async ({ addresses }) => {
      for (const { service, address, port } of addresses) log.info('server.listening', { service, address, port });
      log.info('server.ready', { hostname: place.config.hostname });
    },
  });
}

/** A plain `user: root`: then a parent has nothing to protect. Written otherwise it only costs the second process. */
function staysRoot(folder: string): boolean {
  try {
    return /^user: *['"]?root['"]? *(?:#.*)?$/m.test(readFileSync(join(folder, 'server.yaml'), 'utf8'));
  } catch {
    // The next reader reports why it cannot be read.
    return true;
  }
}
