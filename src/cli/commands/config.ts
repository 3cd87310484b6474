import { Files } from '#host/files';
import { tlsContext } from '#host/net';
import {
  configJsonSchema,
  ConfigError,
  describeConfig,
  exampleDomains,
  exampleServer,
  formatProblem,
  parseConfigFiles,
  problemInFile,
  type Config,
  type ConfigFile,
} from '#mail/config';
import { configuredPath, readConfigFile, type ConfigFileName } from '#server/configuration';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { userProblem } from '../server-user.ts';
import { print, printJson } from '../terminal.ts';

/** Says what is wrong with a configuration, one problem on a line. @returns the exit code: 1 when something is. */
export async function configCheck(options: FolderOptions): Promise<number> {
  const folder = configFolder(options);
  const files = new Files();
  const problems: string[] = [];
  try {
    const server = await readConfigFile(files, folder, 'server');
    const config = parseConfigFiles(server, await readConfigFile(files, folder, 'domains'));
    const wrongUser = userProblem(server, config.server);
    if (wrongUser !== null) problems.push(formatProblem(wrongUser));
    problems.push(...(await certificateProblems(files, folder, config, server)));
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

function whichOf(file: string): ConfigFileName {
  const name = file.replace(/\.yaml$/, '');
  if (name === 'server' || name === 'domains') return name;
  throw new Error(`there is no configuration file ${file}; there are server and domains`);
}

function example(which: ConfigFileName): string {
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
    const pem: string[] = [];
    for (const key of ['certificateFile', 'keyFile'] as const) {
      const path = configuredPath(files, folder, tls[key]);
      const read = await pemText(files, path);
      if (read.text !== undefined) pem.push(read.text);
      else found.push(formatProblem(problemInFile(server, ['listeners', name, 'tls', key], `${path}: ${read.reason}`)));
    }
    const reason = certificateProblem(pem);
    if (reason !== null) found.push(formatProblem(problemInFile(server, ['listeners', name, 'tls'], reason)));
  }
  return found;
}

async function pemText(
  files: Files,
  path: string,
): Promise<{ readonly text: string } | { readonly text?: undefined; readonly reason: string }> {
  try {
    const bytes = await files.read(path);
    return bytes === null ? { reason: 'there is no such file' } : { text: new TextDecoder().decode(bytes) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function certificateProblem([certPem, keyPem]: readonly string[]): string | null {
  if (certPem === undefined || keyPem === undefined) return null;
  try {
    const { validTo } = tlsContext({ certPem, keyPem }).certificate;
    return Date.parse(validTo) < Date.now() ? `the certificate expired on ${validTo}` : null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `the certificate and its key do not work: ${reason}`;
  }
}
