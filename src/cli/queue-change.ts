import { counted } from './confirm.ts';
import { namesRecipients, type QueueOptions } from './queue-filter.ts';
import { print } from './terminal.ts';

/**
 * Reports how many recipients a command changed.
 * @param done  Such as `dropped`.
 * @returns the exit code: 1 when the options name recipients and none of them could be changed. An empty queue is no failure of `--all`.
 */
export function reportChange(count: number, done: string, options: QueueOptions): number {
  print(`${counted(count, 'recipient')} ${done}.`);
  if (count > 0 || !namesRecipients(options)) return 0;
  print(
    "No recipient that waits matches. 'godwit queue list --all' with the same filter shows those that are finished or in delivery.",
  );
  return 1;
}
