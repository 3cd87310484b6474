import type { Command } from 'commander';
import type { IndexOptions } from './commands/search-index.ts';
import { inFolder, type Runner } from './program-options.ts';

/** Adds the commands about search indexes. */
export function addIndexCommands(godwit: Command, run: Runner): void {
  const index = godwit.command('index').description('list the search indexes of accounts, and make them anew');
  inFolder(index.command('list').description('list them with their sizes, and what waits for them'))
    .argument('[account]', 'of this account only')
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, options: IndexOptions) =>
      run((await import('./commands/search-index.ts')).indexList(account, options)),
    );
  inFolder(index.command('rebuild').description('drop an index, and make it anew in the background'))
    .argument('[account]', 'of this account only')
    .action(async (account: string | undefined, options: IndexOptions) =>
      run((await import('./commands/search-index.ts')).indexRebuild(account, options)),
    );
}
