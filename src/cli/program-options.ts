import { Option, type Command } from 'commander';

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
