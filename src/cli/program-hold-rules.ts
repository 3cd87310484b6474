import type { Command } from 'commander';
import type { HoldRuleOptions } from './commands/hold-rules.ts';
import { inFolder, type Runner } from './program-options.ts';

/** Adds the commands about rules by which new mail is held to `godwit queue`. */
export function addHoldRuleCommands(queue: Command, run: Runner): void {
  const rules = queue.command('hold-rule').description('put new mail on hold by rules');
  inFolder(rules.command('add').description('hold new mail for which all that is given here is so'))
    .option('--account <name>', 'submitted by this account')
    .option('--from-domain <domain>', 'domain of the sender in the envelope')
    .option('--to-domain <domain>', 'domain of the recipient')
    .option('--reason <text>', 'a note, shown with what is held')
    .action(async (options: HoldRuleOptions) => run((await import('./commands/hold-rules.ts')).holdRuleAdd(options)));
  inFolder(rules.command('list').description('list the rules'))
    .option('--json', 'print JSON')
    .action(async (options: HoldRuleOptions) => run((await import('./commands/hold-rules.ts')).holdRuleList(options)));
  inFolder(rules.command('remove').description('remove a rule; what it held stays on hold'))
    .argument('<id>', 'id of the rule, from hold-rule list')
    .action(async (id: string, options: HoldRuleOptions) =>
      run((await import('./commands/hold-rules.ts')).holdRuleRemove(id, options)),
    );
}
