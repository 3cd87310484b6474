import type { Command } from 'commander';
import type { SuppressionOptions } from './commands/suppression.ts';
import { inFolder, type Runner } from './program-options.ts';

/** Adds the commands about addresses that accounts do not send to. */
export function addSuppressionCommands(godwit: Command, run: Runner): void {
  const suppression = godwit
    .command('suppression')
    .description('list addresses that accounts do not send to any more, add and remove them');
  inFolder(suppression.command('list').description('list them, and who says so'))
    .argument('[account]', 'of this account only')
    .option('--limit <count>', 'at most this many', '1000')
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, options: SuppressionOptions) =>
      run((await import('./commands/suppression.ts')).suppressionList(account, options)),
    );
  inFolder(suppression.command('add').description('let mail of an account to an address fail at once'))
    .argument('<account>', 'name of the account')
    .argument(
      '<address>',
      'address, in any case; without a + before the @ also those with one: user means user+news too',
    )
    .option('--reason <text>', 'told to the account when it sends to the address')
    .action(async (account: string, address: string, options: SuppressionOptions) =>
      run((await import('./commands/suppression.ts')).suppressionAdd(account, address, options)),
    );
  inFolder(suppression.command('remove').description('let an account send to an address again'))
    .argument('<account>', 'name of the account')
    .argument('<address>', 'address')
    .action(async (account: string, address: string, options: SuppressionOptions) =>
      run((await import('./commands/suppression.ts')).suppressionRemove(account, address, options)),
    );
}
