import { constants } from 'node:fs';
import { CertificateRefused, loadCertificate } from '#host/certificates';
import { Files } from '#host/files';
import { isRoot, isWindows } from '#host/process';
import { databaseFileProblem } from '#host/sqlite';
import {
  ConfigError,
  parseConfigFiles,
  problemInFile,
  wholeFile,
  type Config,
  type ConfigFile,
  type ConfigProblem,
} from '#mail/config';
import { selectorsOf } from '#mail/dkim';
import { configuredPath, readConfigFile } from '#server/configuration';
import { readKeys } from '#server/dkim';
import { dataDirectoryRefusal } from './data-directory-check.ts';
import { listenProblems } from './listen-problems.ts';
import { unsafePathOf } from './parent-files.ts';
import { closedFor, servingUser, userProblem, type ServingUser } from './server-user.ts';
import { secretsOfTransports, transportProblems } from './transport-problems.ts';

/** Problems of a set-up. */
export interface SetupProblems {
  /** A server does not start with them. */
  readonly stops: readonly ConfigProblem[];
  /** It starts, and something fails later. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Finds what is wrong with the configuration of a folder and with what it names: users, files, the data directory and its database, ports. Changes nothing.
 * `config check` reports all of it, and `serve` refuses to start with the first sort, so that the two cannot differ.
 * @param ports  `try`: binds each port for a moment, so that all that cannot be had are named before anything is made. `leave`: looks at none.
 */
export async function setupProblems(
  folder: string,
  ports: 'try' | 'leave',
  files: Files = new Files(),
): Promise<SetupProblems> {
  let server: ConfigFile;
  let domains: ConfigFile;
  let config: Config;
  try {
    server = await readConfigFile(files, folder, 'server');
    domains = await readConfigFile(files, folder, 'domains');
    config = parseConfigFiles(server, domains);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { stops: error.problems, warnings: [] };
  }
  const place: Place = { folder, files, config, server, domains, user: servingUser(config.server) };
  const wrongUser = userProblem(server, config.server);
  if (wrongUser !== null) return { stops: [wrongUser], warnings: await laterProblems(place) };
  const dataDirectory = configuredPath(files, folder, config.server.dataDirectory);
  const data = dataDirectoryRefusal(server, dataDirectory, place.user) ?? databaseRefusal(server, dataDirectory, files);
  const { refused, ended } = await certificateProblems(place);
  const unusable = ports === 'try' ? await listenProblems({ config: config.server, server, dataDirectory }) : [];
  const stops = [...folderProblems(place), ...(data === null ? [] : [data]), ...refused, ...unusable];
  return { stops, warnings: [...ended, ...(await laterProblems(place))] };
}

/** @throws ConfigError when a server would not start with the configuration of a folder. @param ports  As for `setupProblems`. */
export async function requireSetup(folder: string, ports: 'try' | 'leave'): Promise<void> {
  const { stops } = await setupProblems(folder, ports);
  if (stops.length > 0) throw new ConfigError(stops);
}

interface Place {
  readonly folder: string;
  readonly files: Files;
  readonly config: Config;
  readonly server: ConfigFile;
  readonly domains: ConfigFile;
  /** The user who will serve; null when it is the user of this process. */
  readonly user: ServingUser | null;
}

async function laterProblems(place: Place): Promise<ConfigProblem[]> {
  const { files, folder, config, server } = place;
  return [
    ...(await dkimProblems(place)),
    ...(await transportProblems(files, folder, config.server, server)),
    ...rereadProblems(place),
  ];
}

/** The server's own database, which must be one. */
function databaseRefusal(server: ConfigFile, dataDirectory: string, files: Files): ConfigProblem | null {
  const problem = databaseFileProblem(files.join(dataDirectory, 'server.db'));
  const fix = 'Give it to the user who serves, or restore it from a backup (docs/admin/check.md)';
  return problem === null ? null : problemInFile(server, ['dataDirectory'], problem, fix);
}

/** The folder and `domains.yaml`, which the user who serves reads again and again. */
function folderProblems({ folder, domains, user }: Place): ConfigProblem[] {
  if (user === null) return [];
  const closed =
    closedFor(domains.file, user, constants.R_OK) ?? closedFor(folder, user, constants.R_OK | constants.X_OK);
  if (closed === null) return [];
  const reason = `user ${user.name}, who serves, may not read it, because of the rights on ${closed}`;
  return [wholeFile(domains.file, reason, 'Change its owner or mode, and those of the folders above it')];
}

/** Certificates that are missing, cannot be read, do not fit their key, or have expired: the last do not keep a server from starting. */
async function certificateProblems({
  files,
  folder,
  config,
  server,
}: Place): Promise<{ readonly refused: ConfigProblem[]; readonly ended: ConfigProblem[] }> {
  const refused: ConfigProblem[] = [];
  const ended: ConfigProblem[] = [];
  for (const [name, { tls }] of Object.entries(config.server.listeners)) {
    if (tls === undefined) continue;
    const path = ['listeners', name, 'tls'];
    const at = (file: string): string => configuredPath(files, folder, file);
    try {
      const paths = { certificateFile: at(tls.certificateFile), keyFile: at(tls.keyFile) };
      const { endsMs } = await loadCertificate(files, paths);
      if (endsMs > Date.now()) continue;
      const reason = `the certificate ended on ${new Date(endsMs).toISOString().slice(0, 10)}`;
      ended.push(problemInFile(server, path, reason, 'Renew it'));
    } catch (error) {
      if (!(error instanceof CertificateRefused)) throw error;
      const blamed = error.blamed === null ? path : [...path, error.blamed];
      refused.push(problemInFile(server, blamed, error.message, error.fix));
    }
  }
  return { refused, ended };
}

/** DKIM keys that are missing, cannot be read, or are none; also those that this user may read, and the one who will serve may not. */
async function dkimProblems({ files, folder, config, domains, user }: Place): Promise<ConfigProblem[]> {
  const { problems } = await readKeys(files, folder, config);
  const found = problems.map(({ path, reason, fix }) => problemInFile(domains, path, reason, fix));
  for (const { path, settings } of user === null ? [] : selectorsOf(config)) {
    const file = configuredPath(files, folder, settings.keyFile);
    const closed = user === null ? null : closedFor(file, user, constants.R_OK);
    if (user === null || closed === null) continue;
    const reason = `user ${user.name}, who serves, may not read ${file}, because of the rights on ${closed}`;
    const fix = `Run 'chown -R ${user.name} ${closed}'; a running server uses the key within 30 seconds`;
    found.push(problemInFile(domains, [...path, 'keyFile'], reason, fix));
  }
  return found;
}

/**
 * Certificates and secrets of transports that are read at the start as root, and never again: the user who serves may not read them, and root
 * reads files for that user only where no other user can write (`parent-files.ts`).
 */
function rereadProblems({ files, folder, config, server, user }: Place): ConfigProblem[] {
  if (user === null || isWindows || !isRoot()) return [];
  const named = [
    ...Object.entries(config.server.listeners).flatMap(([name, { tls }]) =>
      tls === undefined
        ? []
        : (['certificateFile', 'keyFile'] as const).map((setting) => ({
            path: ['listeners', name, 'tls', setting],
            file: tls[setting],
          })),
    ),
    ...secretsOfTransports(config.server),
  ];
  return named.flatMap(({ path, file }) => {
    const whole = configuredPath(files, folder, file);
    const closed = closedFor(whole, user, constants.R_OK);
    const unsafe = closed === null ? null : unsafePathOf(whole);
    if (closed === null || unsafe === null) return [];
    const reason = `user ${user.name}, who serves, may not read ${whole}, because of the rights on ${closed}, so that a new one needs a restart`;
    const fix = `Let ${user.name} read it, or keep it where only root may write (${unsafe})`;
    return [problemInFile(server, path, reason, fix)];
  });
}
