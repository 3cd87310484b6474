import { callControl, controlEndpoint, ControlUnavailable, listenControl, type ControlEndpoint } from '#host/control';
import { Files } from '#host/files';
import { streamLog, type StreamLog } from '#host/log';
import { formatProblem, parseServerFile, type ConfigFile, type ConfigProblem, type ServerConfig } from '#mail/config';
import type { Services, StartResult } from '#server/assemble';
import { configuredPath, findDataDirectory, readConfigFile } from '#server/configuration';
import type { ArgumentsOf, CallOperation, OperationName, ResultOf } from '#server/operations';
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

/** Options for opening data where no server runs. */
export interface Opening {
  /** Opens the rest when server.db cannot be opened. */
  readonly toleratesDamage?: boolean;
}

/** Calls one operation: in the server that runs, or here on its files when none does. @throws Error with words for people. */
export async function callServer<Name extends OperationName>(
  folder: string,
  name: Name,
  args: ArgumentsOf<Name>,
): Promise<ResultOf<Name>> {
  return await withServer(folder, (call) => call(name, args));
}

/** Runs `body`, whose operations run in the server that runs, or here on its files when none does; no server starts on them meanwhile. */
export async function withServer<T>(
  folder: string,
  body: (call: CallOperation) => Promise<T>,
  opening: Opening = {},
): Promise<T> {
  const { endpoint, problems } = await findDoor(folder);
  try {
    await callControl(endpoint, 'ping', {});
  } catch (error) {
    if (!(error instanceof ControlUnavailable)) throw error;
    const place = await readPlace(folder);
    const { Operations, operator } = await import('#server/operations');
    return await withServices(
      place,
      commandLog(),
      async (services) => {
        const operations = new Operations({ ...services, running: null });
        return await body(typed((name, args) => operations.run(name, args, operator)));
      },
      opening,
    );
  }
  warnOf(problems);
  return await body(callsAt(endpoint));
}

/** Calls operations in the server that runs at an endpoint. @throws ControlUnavailable when none does. */
export function callsAt(endpoint: ControlEndpoint, signal?: AbortSignal): CallOperation {
  return typed((name, args) => callControl(endpoint, name, args, signal));
}

/** Commands that a server answers beside the operations, also while it starts (#server/assemble). */
interface ControlCommands {
  readonly stop: null;
  readonly ready: StartResult;
}

/** Asks the process of a server itself. @throws ControlUnavailable when none runs, ControlEnded when it ended before it answered. */
export async function askControl<Command extends keyof ControlCommands>(
  endpoint: ControlEndpoint,
  command: Command,
  signal?: AbortSignal,
): Promise<ControlCommands[Command]> {
  // Both sides are of one program.
  return (await callControl(endpoint, command, {}, signal)) as ControlCommands[Command];
}

/** Gives calls the types of the operations' declarations, by which the result was made. */
function typed(call: (name: OperationName, args: object) => Promise<unknown>): CallOperation {
  return async <Name extends OperationName>(name: Name, args: ArgumentsOf<Name>) =>
    (await call(name, args)) as ResultOf<Name>;
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
