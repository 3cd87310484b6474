import type { Command } from 'commander';
import { inFolder, type FolderOptions, type Runner } from './program-options.ts';

/** Adds the commands about accounts and passwords. */
export function addAccountCommands(godwit: Command, run: Runner): void {
  const account = godwit.command('account').description('add, remove and list accounts');
  inFolder(account.command('add').description('add an account; its password is generated and printed'))
    .argument('<name>', 'name of the account')
    .argument('<address>', 'its first address; the domain is added when it is new')
    .option('--password-stdin', 'read the password from standard input instead')
    .action(async (name: string, address: string, options: FolderOptions & { passwordStdin?: boolean }) =>
      run((await import('./commands/account.ts')).accountAdd(name, address, options)),
    );
  inFolder(
    account
      .command('remove')
      .description('remove an account with all its mail, for good; what it has queued is still delivered'),
  )
    .argument('<name>', 'name of the account')
    .action(async (name: string, options: FolderOptions) =>
      run((await import('./commands/account.ts')).accountRemove(name, options)),
    );
  inFolder(account.command('list').description('list accounts and their addresses'))
    .option('--json', 'print JSON')
    .action(async (options: FolderOptions & { json?: boolean }) =>
      run((await import('./commands/account.ts')).accountList(options)),
    );
  const password = godwit.command('password').description('change passwords');
  inFolder(password.command('set').description('set the password of an account; it is asked for'))
    .argument('<account>', 'name of the account')
    .option('--stdin', 'read the password from standard input')
    .action(async (name: string, options: FolderOptions & { stdin?: boolean }) =>
      run((await import('./commands/password.ts')).passwordSet(name, options)),
    );
}
