import type { Command } from 'commander';
import type { AppPasswordOptions } from './commands/app-password.ts';
import type { ClientKeyOptions } from './commands/client-key.ts';
import type { SessionOptions } from './commands/session.ts';
import type { ConfirmOptions } from './confirm.ts';
import { asking, inFolder, type FolderOptions, type Runner } from './program-options.ts';

/** Adds the commands about accounts, passwords, app passwords, sessions of pages and client certificates. */
export function addAccountCommands(godwit: Command, run: Runner): void {
  addAccounts(godwit, run);
  addPasswords(godwit, run);
  addAppPasswords(godwit, run);
  addSessions(godwit, run);
  addClientKeys(godwit, run);
}

function addAccounts(godwit: Command, run: Runner): void {
  const account = godwit.command('account').description('add, remove, list and recover accounts');
  inFolder(account.command('add').description('add an account; its password is generated and printed'))
    .argument('<name>', 'name of the account')
    .argument('<address>', 'its first address; the domain is added when it is new')
    .option('--password-stdin', 'read the password from standard input instead')
    .action(async (name: string, address: string, options: FolderOptions & { passwordStdin?: boolean }) =>
      run((await import('./commands/account.ts')).accountAdd(name, address, options)),
    );
  asking(
    inFolder(
      account
        .command('remove')
        .description('remove an account with all its mail, for good; what it has queued is still delivered'),
    ),
  )
    .argument('<name>', 'name of the account')
    .action(async (name: string, options: FolderOptions & ConfirmOptions) =>
      run((await import('./commands/account.ts')).accountRemove(name, options)),
    );
  asking(
    inFolder(
      account
        .command('adopt')
        .description('take over stored mail for an account that is refused (docs/admin/check.md)'),
    ),
  )
    .argument('<name>', 'name of the account')
    .option('--folder <number>', 'the folder below "accounts" that holds its mail; found by its name when left out')
    .action(async (name: string, options: FolderOptions & ConfirmOptions & { folder?: string }) =>
      run((await import('./commands/account.ts')).accountAdopt(name, options)),
    );
  asking(
    inFolder(
      account
        .command('recreate')
        .description('start an account that is refused afresh, without mail; what was stored stays on the disk'),
    ),
  )
    .argument('<name>', 'name of the account')
    .action(async (name: string, options: FolderOptions & ConfirmOptions) =>
      run((await import('./commands/account.ts')).accountRecreate(name, options)),
    );
  inFolder(account.command('list').description('list accounts and their addresses'))
    .option('--json', 'print JSON')
    .action(async (options: FolderOptions & { json?: boolean }) =>
      run((await import('./commands/account.ts')).accountList(options)),
    );
}

function addPasswords(godwit: Command, run: Runner): void {
  const password = godwit.command('password').description('change passwords');
  inFolder(password.command('set').description('set the password of an account; it is asked for'))
    .argument('<account>', 'name of the account')
    .option('--stdin', 'read the password from standard input')
    .action(async (name: string, options: FolderOptions & { stdin?: boolean }) =>
      run((await import('./commands/password.ts')).passwordSet(name, options)),
    );
}

function addAppPasswords(godwit: Command, run: Runner): void {
  const appPassword = godwit
    .command('app-password')
    .description('give each program of an account a password of its own, which permits less and is removed alone');
  inFolder(appPassword.command('add').description('make an app password and print it'))
    .argument('<account>', 'name of the account')
    .argument('<name>', 'what to call it in lists, such as the program or device')
    .option(
      '--scope <scope...>',
      'what it permits: mail (read and change mail), read-only (read mail), send (submit messages); default: mail send',
    )
    .option('--days <count>', 'let it expire after so many days')
    .option('--json', 'print JSON')
    .action(async (account: string, name: string, options: AppPasswordOptions) =>
      run((await import('./commands/app-password.ts')).appPasswordAdd(account, name, options)),
    );
  inFolder(appPassword.command('list').description('list app passwords, what they permit and their last use'))
    .argument('[account]', 'of this account only')
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, options: AppPasswordOptions) =>
      run((await import('./commands/app-password.ts')).appPasswordList(account, options)),
    );
  inFolder(appPassword.command('remove').description('remove an app password, at once'))
    .argument('<account>', 'name of the account')
    .argument('<name>', 'its name, as the list shows it')
    .action(async (account: string, name: string, options: AppPasswordOptions) =>
      run((await import('./commands/app-password.ts')).appPasswordRemove(account, name, options)),
    );
}

function addSessions(godwit: Command, run: Runner): void {
  const session = godwit.command('session').description('list and end the logins of web pages');
  inFolder(session.command('list').description('list the sessions of web pages with their last use'))
    .argument('[account]', 'of this account only')
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, options: SessionOptions) =>
      run((await import('./commands/session.ts')).sessionList(account, options)),
    );
  inFolder(session.command('remove').description('end a session of web pages, at once'))
    .argument('<account>', 'name of the account')
    .argument('<session>', 'its number, as the list shows it, or "all"')
    .action(async (account: string, id: string, options: SessionOptions) =>
      run((await import('./commands/session.ts')).sessionRemove(account, id, options)),
    );
}

function addClientKeys(godwit: Command, run: Runner): void {
  const clientKey = godwit
    .command('client-key')
    .description('let TLS client certificates log in instead of passwords (SASL EXTERNAL)');
  inFolder(clientKey.command('add').description('let the key of a certificate log in to an account'))
    .argument('<account>', 'name of the account')
    .argument('<certificate>', 'PEM file with the certificate; one that is renewed with the same key logs in too')
    .option('--login <address>', 'log in with this address of the account when the client names none')
    .option('--label <text>', 'what to call it in lists')
    .action(async (account: string, file: string, options: ClientKeyOptions) =>
      run((await import('./commands/client-key.ts')).clientKeyAdd(account, file, options)),
    );
  inFolder(clientKey.command('list').description('list the keys that log in'))
    .argument('[account]', 'to this account only')
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, options: ClientKeyOptions) =>
      run((await import('./commands/client-key.ts')).clientKeyList(account, options)),
    );
  inFolder(clientKey.command('remove').description('let a key log in no more'))
    .argument('<fingerprint>', 'fingerprint, as the list shows it')
    .action(async (fingerprint: string, options: ClientKeyOptions) =>
      run((await import('./commands/client-key.ts')).clientKeyRemove(fingerprint, options)),
    );
}
