import { Command, CommanderError } from 'commander';
import { addAccountCommands } from './program-accounts.ts';
import { addDkimCommands } from './program-dkim.ts';
import { addDnsCommands } from './program-dns.ts';
import { addQueueCommands } from './program-queue.ts';
import { addIndexCommands } from './program-index.ts';
import { addSuppressionCommands } from './program-suppressions.ts';
import { addWhyCommand } from './program-why.ts';
import type { LogLevel } from '#host/log';
import {
  asking,
  inFolder,
  logLevelOption,
  readyFileOption,
  type FolderOptions,
  type Runner,
} from './program-options.ts';
import { reportError } from './report-error.ts';

/**
 * Runs the program with the arguments after its name.
 * @returns the exit code: 0 for success, 1 for what the caller can put right, 70 for a bug of ours, 75 when data can no longer be made durable.
 */
export async function run(args: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as head(1), is no failure.
  process.stdout.on('error', () => process.exit(0));
  let code = 0;
  const runner: Runner = async (command) => {
    code = await command;
  };
  try {
    await program(runner).parseAsync(helpWanted(args), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    return reportError(error);
  }
}

/** `help queue route` asks for `queue route --help`: commander would look at the first name only. */
function helpWanted(args: readonly string[]): string[] {
  const [first, ...names] = args;
  return first === 'help' && names.length > 1 ? [...names, '--help'] : [...args];
}

/** Declares all commands. @param run  Runs the body of the one that was called. */
export function program(run: Runner): Command {
  const godwit = new Command('godwit')
    .description('A complete mail server.')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what is possible)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'godwit: ')) })
    .exitOverride();
  addServerCommands(godwit, run);
  addConfigCommands(godwit, run);
  addAccountCommands(godwit, run);
  addDkimCommands(godwit, run);
  addDnsCommands(godwit, run);
  addQueueCommands(godwit, run);
  addSuppressionCommands(godwit, run);
  addIndexCommands(godwit, run);
  addWhyCommand(godwit, run);
  // Its arguments are not commander's to read (see main.ts): here it is only listed.
  godwit.command('sendmail').description('hand a message on standard input to a mail server, as sendmail does');
  godwit
    .command('version')
    .description('print the version of Godwit and of what it runs on')
    .action(async () => run((await import('./commands/version.ts')).version()));
  return godwit;
}

function addServerCommands(godwit: Command, run: Runner): void {
  godwit
    .command('localserve')
    .description('run a mail server for developers on this machine; the first start writes its configuration')
    .option('--dir <dir>', 'folder of configuration and mail')
    .option('--ip <ip...>', 'address to listen on instead of 127.0.0.1 and ::1, on the first start')
    .option('--init-only', 'write the configuration and stop')
    .addOption(logLevelOption())
    .addOption(readyFileOption())
    .action(
      async (options: { dir?: string; ip?: string[]; initOnly?: boolean; logLevel?: LogLevel; readyFile?: string }) =>
        run((await import('./commands/localserve.ts')).localserve(options)),
    );
  inFolder(godwit.command('serve').description('run the mail server that the configuration describes'))
    .addOption(logLevelOption())
    .addOption(readyFileOption())
    .action(async (options: FolderOptions & { logLevel?: LogLevel; readyFile?: string }) =>
      run((await import('./commands/serve.ts')).serve(options)),
    );
  inFolder(godwit.command('stop').description('stop the running server and wait until it has ended')).action(
    async (options: FolderOptions) => run((await import('./commands/stop.ts')).stop(options)),
  );
  inFolder(godwit.command('status').description('show whether the server runs, where it listens and what waits'))
    .option('--json', 'print JSON')
    .option('--wait [seconds]', 'wait until it is ready, 30 seconds at most unless given; exits with 1 when it is not')
    .action(async (options: FolderOptions & { json?: boolean; wait?: string | true }) =>
      run((await import('./commands/status.ts')).status(options)),
    );
  asking(
    inFolder(
      godwit
        .command('check')
        .description('check that all stored mail and the queue are whole and consistent; exits with 1 when not'),
    ),
  )
    .option('--json', 'print JSON')
    .option('--repair', 'put flags and counters right before, as far as that needs no backup (docs/admin/check.md)')
    .action(async (options: FolderOptions & { json?: boolean; repair?: boolean; yes?: boolean }) =>
      run((await import('./commands/check.ts')).check(options)),
    );
}

function addConfigCommands(godwit: Command, run: Runner): void {
  const config = godwit.command('config').description('check, explain and reload the configuration');
  inFolder(config.command('check').description('say what is wrong in server.yaml and domains.yaml')).action(
    async (options: FolderOptions) => run((await import('./commands/config.ts')).configCheck(options)),
  );
  inFolder(
    config.command('reload').description('let the running server read domains.yaml, certificates and DKIM keys again'),
  ).action(async (options: FolderOptions) => run((await import('./commands/config.ts')).configReload(options)));
  for (const [name, description] of [
    ['describe', 'explain every setting'],
    ['example', 'print a file to start from'],
    ['schema', 'print the JSON Schema, for editors'],
  ] as const) {
    config
      .command(name)
      .description(description)
      .argument('[file]', 'server, domains or sendmail; the first two when absent')
      .action(async (file: string | undefined) => run((await import('./commands/config.ts')).configPrint(name, file)));
  }
}
