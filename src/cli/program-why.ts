import type { Command } from 'commander';
import type { WhyOptions } from './commands/why.ts';
import { inFolder, type Runner } from './program-options.ts';

/** Adds the command that tells the story of a message. */
export function addWhyCommand(godwit: Command, run: Runner): void {
  inFolder(godwit.command('why').description('say what happened to a message, in or out, and what happens next'))
    .argument('[message]', 'id of the queue, such as 76 or 76.1, or Message-ID')
    .option(
      '--from <address>',
      "instead: mail from this address in the envelope, '<>' for notices; refused mail as well",
    )
    .option('--to <address>', 'instead, or besides: mail to this address')
    .option('--since <age>', 'with --from and --to: not older than this, such as 4h or 2d (default: 7d)')
    .option('--account <name>', 'only what this account sent or has')
    .option('--limit <count>', 'at most this many messages, the latest', '10')
    .option('--json', 'print JSON')
    .action(async (message: string | undefined, options: WhyOptions) =>
      run((await import('./commands/why.ts')).why(message, options)),
    );
}
