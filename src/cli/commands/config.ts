import { CertificateRefused, loadCertificate } from '#host/certificates';
import { callControl, controlEndpoint } from '#host/control';
import { Files } from '#host/files';
import {
  configJsonSchema,
  ConfigError,
  describeConfig,
  exampleDomains,
  exampleSendmail,
  exampleServer,
  formatProblem,
  parseConfigFiles,
  problemInFile,
  type Config,
  type ConfigFile,
} from '#mail/config';
import { selectorsOf } from '#mail/dkim';
import { configuredPath, readConfigFile, type ConfigFileName } from '#server/configuration';
import { readKeys } from '#server/dkim';
import type { Reloaded } from '#server/operations';
import { readPlace } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { servingUser, unreadableFor, userProblem } from '../server-user.ts';
import { print, printJson } from '../terminal.ts';
import { transportProblems } from '../transport-problems.ts';

/** Says what is wrong with a configuration, one problem on a line. @returns the exit code: 1 when something is. */
export async function configCheck(options: FolderOptions): Promise<number> {
  const folder = configFolder(options);
  const files = new Files();
  const problems: string[] = [];
  try {
    const server = await readConfigFile(files, folder, 'server');
    const domains = await readConfigFile(files, folder, 'domains');
    const config = parseConfigFiles(server, domains);
    const wrongUser = userProblem(server, config.server);
    if (wrongUser !== null) problems.push(formatProblem(wrongUser));
    problems.push(...(await certificateProblems(files, folder, config, server)));
    problems.push(...(await dkimProblems(files, folder, config, domains)));
    problems.push(...(await transportProblems(files, folder, config.server, server)).map(formatProblem));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map(formatProblem));
  }
  if (problems.length === 0) {
    print(`The configuration in ${folder} is right.`);
    return 0;
  }
  console.error(problems.join('\n'));
  return 1;
}

/** Lets the running server read `domains.yaml`, its certificates and its DKIM keys again. @returns the exit code: 1 when something in them is wrong. @throws ControlUnavailable when none runs. */
export async function configReload(options: FolderOptions): Promise<number> {
  const { dataDirectory } = await readPlace(configFolder(options));
  const { problems } = (await callControl(controlEndpoint(dataDirectory), 'config.reload', {})) as Reloaded;
  if (problems.length === 0) {
    print(
      'The server has read domains.yaml, its certificates and its DKIM keys again. Changes of server.yaml need a restart.',
    );
    return 0;
  }
  console.error(problems.join('\n'));
  return 1;
}

/** Prints the description, an example, or the JSON Schema of one file or of both. @returns the exit code. */
export async function configPrint(what: 'describe' | 'example' | 'schema', file: string | undefined): Promise<number> {
  const chosen = file === undefined ? (['server', 'domains'] as const) : [whichOf(file)];
  if (what === 'schema' && chosen.length > 1) {
    printJson({ server: configJsonSchema('server'), domains: configJsonSchema('domains') });
    return 0;
  }
  for (const which of chosen) {
    if (what === 'schema') printJson(configJsonSchema(which));
    else if (what === 'describe') print(describeConfig(which).trimEnd(), '');
    else print(...(chosen.length > 1 ? [`# ---- ${which}.yaml`] : []), example(which).trimEnd());
  }
  return 0;
}

function whichOf(file: string): ConfigFileName | 'sendmail' {
  const name = file.replace(/^godwit-/, '').replace(/\.yaml$/, '');
  if (name === 'server' || name === 'domains' || name === 'sendmail') return name;
  throw new Error(`there is no configuration file ${file}; there are server and domains, and sendmail`);
}

function example(which: ConfigFileName | 'sendmail'): string {
  if (which === 'sendmail') return exampleSendmail({ host: 'mail.example.org', address: 'you@example.org' });
  if (which === 'server') return exampleServer({ hostname: 'mail.example.org', postmaster: 'you' });
  return exampleDomains({ domain: 'example.org', account: 'you', address: 'you@example.org' });
}

/** Certificates that are missing, cannot be read, have expired, or do not fit their key. */
async function certificateProblems(
  files: Files,
  folder: string,
  config: Config,
  server: ConfigFile,
): Promise<string[]> {
  const found: string[] = [];
  for (const [name, { tls }] of Object.entries(config.server.listeners)) {
    if (tls === undefined) continue;
    const path = ['listeners', name, 'tls'];
    const at = (file: string): string => configuredPath(files, folder, file);
    try {
      const paths = { certificateFile: at(tls.certificateFile), keyFile: at(tls.keyFile) };
      const { endsMs } = await loadCertificate(files, paths);
      if (endsMs > Date.now()) continue;
      const reason = `the certificate ended on ${new Date(endsMs).toISOString().slice(0, 10)}`;
      found.push(formatProblem(problemInFile(server, path, reason, 'Renew it')));
    } catch (error) {
      if (!(error instanceof CertificateRefused)) throw error;
      const blamed = error.blamed === null ? path : [...path, error.blamed];
      found.push(formatProblem(problemInFile(server, blamed, error.message, error.fix)));
    }
  }
  return found;
}

/** DKIM keys that are missing, cannot be read, or are none; also those that this user may read, and the one who will serve may not. */
async function dkimProblems(files: Files, folder: string, config: Config, domains: ConfigFile): Promise<string[]> {
  const { problems } = await readKeys(files, folder, config);
  const found = problems.map(({ path, reason, fix }) => formatProblem(problemInFile(domains, path, reason, fix)));
  const user = servingUser(config.server);
  for (const { path, settings } of user === null ? [] : selectorsOf(config)) {
    const file = configuredPath(files, folder, settings.keyFile);
    const closed = user === null ? null : unreadableFor(file, user);
    if (user === null || closed === null) continue;
    const reason = `user ${user.name}, who serves, may not read ${file}, because of the rights on ${closed}`;
    const fix = `Run 'chown -R ${user.name} ${closed}'; a running server uses the key within 30 seconds`;
    found.push(formatProblem(problemInFile(domains, [...path, 'keyFile'], reason, fix)));
  }
  return found;
}
