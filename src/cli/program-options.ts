import { InvalidArgumentError, Option, type Command } from 'commander';
import type { LogLevel } from '#host/log';

/** Which configuration folder a command is about. */
export interface FolderOptions {
  readonly config?: string;
  readonly dir?: string;
}

/** Runs the body of a command, which gives the exit code. */
export type Runner = (command: Promise<number>) => Promise<void>;

/** Adds the options that name the configuration folder. */
export function inFolder(command: Command): Command {
  return command
    .option(
      '--config <dir>',
      'folder with server.yaml and domains.yaml (default: $GODWIT_CONFIG, the system’s, or localserve’s)',
    )
    .addOption(new Option('--dir <dir>', 'the same').hideHelp());
}

/** Adds the option that answers the question of a command that cannot be undone. */
export function asking(command: Command): Command {
  return command.option('--yes', 'do it without asking, such as in scripts: it cannot be undone');
}

const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The option `--log-level`; another level than there are is refused with the list of them. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'debug, info, warn or error').argParser((text): LogLevel => {
    const level = logLevels.find((known) => known === text);
    if (level === undefined)
      throw new InvalidArgumentError('There is no such level. Write debug, info, warn or error.');
    return level;
  });
}

/** The option `--ready-file`. */
export function readyFileOption(): Option {
  return new Option(
    '--ready-file <file>',
    'write a JSON file with the addresses when all ports are open; removed at the stop',
  );
}
