import { callControl, controlEndpoint, ControlUnavailable, listenControl, type ControlEndpoint } from '#host/control';
import { Files } from '#host/files';
import { streamLog, type StreamLog } from '#host/log';
import { formatProblem, parseServerFile, type ConfigFile, type ConfigProblem, type ServerConfig } from '#mail/config';
import type { Services } from '#server/assemble';
import { configuredPath, findDataDirectory, readConfigFile } from '#server/configuration';
import { openSecretFiles } from './secret-files.ts';
import { becomeServerUser } from './server-user.ts';

/** The folder of a server, and what its `server.yaml` says. */
interface ServerPlace {
  readonly folder: string;
  readonly config: ServerConfig;
  /** The file that `config` was read from. */
  readonly server: ConfigFile;
  readonly dataDirectory: string;
  readonly files: Files;
}

/** Reads `server.yaml` of a configuration folder. @throws ConfigError when it is missing or wrong. */
export async function readPlace(folder: string, files: Files = new Files()): Promise<ServerPlace> {
  const server = await readConfigFile(files, folder, 'server');
  const config = parseServerFile(server);
  return { folder, config, server, dataDirectory: configuredPath(files, folder, config.dataDirectory), files };
}

/** The place where a running server of a folder answers. */
export interface ServerDoor {
  readonly endpoint: ControlEndpoint;
  readonly dataDirectory: string;
  /** Of `server.yaml`: a server that was started before runs all the same. */
  readonly problems: readonly ConfigProblem[];
}

/** Finds where a running server of a folder answers, for which the data directory is enough. @throws ConfigError when `server.yaml` does not say where that is. */
export async function findDoor(folder: string, files: Files = new Files()): Promise<ServerDoor> {
  const { dataDirectory, problems } = await findDataDirectory(files, folder);
  return { endpoint: controlEndpoint(dataDirectory), dataDirectory, problems };
}

/** Prints on standard error that a server could not start with the file as it is. Prints nothing when there is no problem. */
export function warnOf(problems: readonly ConfigProblem[]): void {
  if (problems.length === 0) return;
  console.error([...problems.map(formatProblem), 'godwit: a server cannot start with this server.yaml'].join('\n'));
}

/** Runs a command of `#server/operations`. @throws Error with words for people. */
export type CallServer = (command: string, args: object) => Promise<unknown>;

/** Options for opening data where no server runs. */
export interface Opening {
  /** Opens the rest when server.db cannot be opened. */
  readonly toleratesDamage?: boolean;
}

/** Runs one command: in the server that runs, or here on its files when none does. @throws Error with words for people. */
export async function callServer(folder: string, command: string, args: object): Promise<unknown> {
  return await withServer(folder, (call) => call(command, args));
}

/** Runs `body`, whose commands run in the server that runs, or here on its files when none does; no server starts on them meanwhile. */
export async function withServer<T>(
  folder: string,
  body: (call: CallServer) => Promise<T>,
  opening: Opening = {},
): Promise<T> {
  const { endpoint, problems } = await findDoor(folder);
  try {
    await callControl(endpoint, 'ping', {});
  } catch (error) {
    if (!(error instanceof ControlUnavailable)) throw error;
    const place = await readPlace(folder);
    const { Operations } = await import('#server/operations');
    return await withServices(
      place,
      commandLog(),
      async (services) => {
        const operations = new Operations(services);
        return await body((command, args) => operations.run(command, args));
      },
      opening,
    );
  }
  warnOf(problems);
  return await body((command, args) => callControl(endpoint, command, args));
}

/**
 * Opens the data without a server, as the user who serves; holds the control socket meanwhile, so that no server starts on it.
 * @throws DataDirectoryBusy when another process holds it.
 */
export async function withServices<T>(
  place: ServerPlace,
  log: StreamLog,
  body: (services: Services) => Promise<T>,
  opening: Opening = {},
): Promise<T> {
  const { folder, dataDirectory } = place;
  const { openServices } = await import('#server/assemble');
  const files = await openSecretFiles({ ...place, log });
  await becomeServerUser(place);
  await files.ensureDirectory(dataDirectory);
  await using _lock = await listenControl(controlEndpoint(dataDirectory), refuseWhileBusy, log);
  await using services = await openServices({
    folder,
    files,
    log,
    ...opening,
    onFatal: (error) => {
      log.error('process.fatal', {}, error);
      log.flush();
      process.exit(75);
    },
  });
  return await body(services);
}

/** Log of a command: only what went wrong. */
function commandLog(): StreamLog {
  return streamLog({ level: 'warn', format: 'text', now: Date.now });
}

async function refuseWhileBusy(): Promise<never> {
  throw new Error('another godwit command works on this data; try again when it has ended');
}
