import {
  configJsonSchema,
  describeConfig,
  exampleDomains,
  exampleSendmail,
  exampleServer,
  formatProblem,
} from '#mail/config';
import type { ConfigFileName } from '#server/configuration';
import { callsAt, findDoor, warnOf } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { setupProblems } from '../setup-problems.ts';
import { print, printJson } from '../terminal.ts';

/** Says what is wrong with a configuration and with what it names, one problem on a line. @returns the exit code: 1 when something is. */
export async function configCheck(options: FolderOptions): Promise<number> {
  const folder = configFolder(options);
  const { stops, warnings } = await setupProblems(folder, 'try');
  const problems = [...stops, ...warnings];
  if (problems.length === 0) {
    print(`The configuration in ${folder} is right.`);
    return 0;
  }
  console.error(problems.map(formatProblem).join('\n'));
  return 1;
}

/** Lets the running server read `domains.yaml`, its certificates and its DKIM keys again. @returns the exit code: 1 when something in them is wrong. @throws ControlUnavailable when none runs. */
export async function configReload(options: FolderOptions): Promise<number> {
  const door = await findDoor(configFolder(options));
  warnOf(door.problems);
  const { problems } = await callsAt(door.endpoint)('config.reload', {});
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
