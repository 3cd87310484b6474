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
  type Config,
  type ConfigFile,
  type ConfigProblem,
} from '#mail/config';
import { configuredPath } from '#server/configuration';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { print, printJson } from '../terminal.ts';

type Which = 'server' | 'domains';

/** Says what is wrong with a configuration, one problem on a line. @returns the exit code: 1 when something is. */
export async function configCheck(options: FolderOptions): Promise<number> {
  const folder = configFolder(options);
  const files = new Files();
  const problems: string[] = [];
  try {
    const config = parseConfigFiles(await read(files, folder, 'server'), await read(files, folder, 'domains'));
    problems.push(...(await certificateProblems(files, folder, config)));
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

function whichOf(file: string): Which {
  const name = file.replace(/\.yaml$/, '');
  if (name === 'server' || name === 'domains') return name;
  throw new Error(`there is no configuration file ${file}; there are server and domains`);
}

function example(which: Which): string {
  if (which === 'server') return exampleServer({ hostname: 'mail.example.org', postmaster: 'you' });
  return exampleDomains({ domain: 'example.org', account: 'you', address: 'you@example.org' });
}

async function read(files: Files, folder: string, which: Which): Promise<ConfigFile> {
  const file = files.join(folder, `${which}.yaml`);
  const bytes = await files.read(file);
  if (bytes !== null) return { file, text: new TextDecoder().decode(bytes) };
  const fix = `'godwit config example ${which}' prints one to start from`;
  throw new ConfigError([{ file, line: 1, column: 1, path: '', reason: 'there is no such file', fix }]);
}

/** Certificates that are missing, cannot be read, have expired, or do not fit their key. */
async function certificateProblems(files: Files, folder: string, config: Config): Promise<string[]> {
  const found: string[] = [];
  for (const [name, { tls }] of Object.entries(config.server.listeners)) {
    if (tls === undefined) continue;
    const reason = await certificateProblem(
      files,
      configuredPath(files, folder, tls.certificateFile),
      configuredPath(files, folder, tls.keyFile),
    );
    if (reason === null) continue;
    const problem: ConfigProblem = {
      file: files.join(folder, 'server.yaml'),
      line: 1,
      column: 1,
      path: `listeners.${name}.tls`,
      reason,
      fix: null,
    };
    found.push(formatProblem(problem));
  }
  return found;
}

async function certificateProblem(files: Files, certificateFile: string, keyFile: string): Promise<string | null> {
  try {
    const [certificate, key] = [await files.read(certificateFile), await files.read(keyFile)];
    if (certificate === null) return `there is no file ${certificateFile}`;
    if (key === null) return `there is no file ${keyFile}`;
    const text = new TextDecoder();
    const context = tlsContext({ certPem: text.decode(certificate), keyPem: text.decode(key) });
    const { validTo } = context.certificate;
    return Date.parse(validTo) < Date.now() ? `the certificate in ${certificateFile} expired on ${validTo}` : null;
  } catch (error) {
    return `${certificateFile} with ${keyFile}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
