import { Argument, Option, type Command } from 'commander';
import { addHoldRuleCommands } from './program-hold-rules.ts';
import { asking, inFolder, type Runner } from './program-options.ts';
import type { QueueOptions } from './queue-filter.ts';

/** Adds the commands about the queue. */
export function addQueueCommands(godwit: Command, run: Runner): void {
  const queue = godwit.command('queue').description('look at the queue of outgoing mail, and change it');
  addViews(queue, run);
  addChanges(queue, run);
  addWays(queue, run);
  addHoldRuleCommands(queue, run);
  addRoute(queue, run);
}

/** Commands that show what waits. */
function addViews(queue: Command, run: Runner): void {
  filtered(queue.command('list').description('list recipients that wait; others with --all or --state'))
    .addOption(
      new Option('--state <state...>', 'in these states; leased: in delivery at this moment').choices([
        'queued',
        'leased',
        'delivered',
        'failed',
        'dropped',
      ]),
    )
    .option('--all', 'those that are finished as well')
    .option('--limit <count>', 'at most this many', '1000')
    .option('--json', 'print JSON')
    .action(async (options: QueueOptions) => run((await import('./commands/queue.ts')).queueList(options)));
  inFolder(queue.command('show').description('show a message, or one recipient with the attempts to deliver'))
    .argument('<id>', 'id of a message, such as 76, or of a recipient, such as 76.1')
    .option('--verbose', 'with the commands and replies of each attempt')
    .option('--json', 'print JSON')
    .action(async (id: string, options: QueueOptions) =>
      run((await import('./commands/queue.ts')).queueShow(id, options)),
    );
}

/** Commands that hold recipients, let them go or end them. */
function addChanges(queue: Command, run: Runner): void {
  for (const [name, description] of [
    ['kick', 'try now what is not on hold'],
    ['hold', 'do not try until released'],
    ['release', 'end a hold'],
    ['drop', 'remove without telling the sender'],
    ['fail', 'give up and tell the sender'],
  ] as const) {
    const command = filtered(queue.command(name).description(description)).option('--all', 'all recipients');
    if (name === 'drop' || name === 'fail') asking(command);
    if (name === 'fail') command.option('--reason <text>', 'told to the sender');
    command.action(async (options: QueueOptions) =>
      run((await import('./commands/queue.ts')).queueChange(name, options)),
    );
  }
}

/** Commands that change the way by which recipients leave. */
function addWays(queue: Command, run: Runner): void {
  filtered(queue.command('transport').description('set the transport of recipients that wait'))
    .argument('[name]', 'a transport of server.yaml, or direct: to the hosts of the domain')
    .option('--none', 'let routes decide again')
    .option('--all', 'all recipients')
    .action(async (name: string | undefined, options: QueueOptions) =>
      run((await import('./commands/queue-routes.ts')).queueTransport(name, options)),
    );
  filtered(queue.command('requiretls').description('set what recipients that wait demand of TLS'))
    .addArgument(
      new Argument('<demand>', 'yes: REQUIRETLS; no: as TLS-Required: No; default: what the sender wanted').choices([
        'yes',
        'no',
        'default',
      ]),
    )
    .option('--all', 'all recipients')
    .action(async (demand: 'yes' | 'no' | 'default', options: QueueOptions) =>
      run((await import('./commands/queue-routes.ts')).queueRequireTls(demand, options)),
    );
  inFolder(queue.command('resume').description('end the pause of a transport whose server refused the login'))
    .argument('[transport]', 'a transport of server.yaml (default: all that are paused)')
    .action(async (name: string | undefined, options: QueueOptions) =>
      run((await import('./commands/queue-routes.ts')).queueResume(name, options)),
    );
}

/** The command that explains routing. */
function addRoute(queue: Command, run: Runner): void {
  inFolder(queue.command('route').description('say which way mail would take, and why'))
    .argument('<sender>', "address, or '<>'")
    .argument('<recipient>', 'address')
    .option('--attempt <number>', 'of this attempt', '1')
    .option('--account <name>', 'submitted by this account (default: whose address the sender is)')
    .option('--json', 'print JSON')
    .action(async (sender: string, recipient: string, options: QueueOptions) =>
      run((await import('./commands/queue-routes.ts')).queueRoute(sender, recipient, options)),
    );
}

function filtered(command: Command): Command {
  return inFolder(command)
    .option('--id <id...>', 'ids of messages, such as 76, or of recipients, such as 76.1')
    .option('--message <id>', 'all recipients of one message')
    .option('--account <name>', 'submitted by this account')
    .option('--from <address>', 'sender in the envelope')
    .option('--to <address>', 'recipient')
    .option('--domain <domain>', 'domain of the recipient')
    .option('--held', 'on hold')
    .option('--no-held', 'not on hold')
    .option('--older-than <age>', 'accepted longer ago than this: 30m, 4h, 2d');
}
