import { Option, type Command } from 'commander';
import { inFolder, type FolderOptions, type Runner } from './program-options.ts';

/** Adds the commands about DKIM keys. */
export function addDkimCommands(godwit: Command, run: Runner): void {
  const dkim = godwit.command('dkim').description('make, list and remove the keys that sign outgoing mail');
  inFolder(dkim.command('add').description('make a key that signs from now on, and print what to publish in DNS'))
    .argument('<domain>', 'domain whose mail is to be signed')
    .argument('[selector]', 'name of the key in DNS (default: the year with a letter, such as 2026a)')
    .addOption(
      new Option('--algorithm <algorithm>', 'kind of key; both makes SELECTOR-rsa and SELECTOR-ed25519')
        .choices(['rsa', 'ed25519', 'both'])
        .default('rsa'),
    )
    .action(
      async (
        domain: string,
        selector: string | undefined,
        options: FolderOptions & { algorithm: 'rsa' | 'ed25519' | 'both' },
      ) => run((await import('./commands/dkim.ts')).dkimAdd(domain, selector, options)),
    );
  inFolder(dkim.command('list').description('list all keys and what they sign'))
    .option('--json', 'print JSON')
    .action(async (options: FolderOptions & { json?: boolean }) =>
      run((await import('./commands/dkim.ts')).dkimList(options)),
    );
  inFolder(dkim.command('record').description('print what to publish in DNS for a key'))
    .argument('<domain>', 'domain of the key')
    .argument('<selector>', 'name of the key')
    .action(async (domain: string, selector: string, options: FolderOptions) =>
      run((await import('./commands/dkim.ts')).dkimRecord(domain, selector, options)),
    );
  inFolder(dkim.command('remove').description('stop signing with a key and forget it; its file stays'))
    .argument('<domain>', 'domain of the key')
    .argument('<selector>', 'name of the key')
    .action(async (domain: string, selector: string, options: FolderOptions) =>
      run((await import('./commands/dkim.ts')).dkimRemove(domain, selector, options)),
    );
}
