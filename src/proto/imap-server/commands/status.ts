import { type StatusItem, writeStatus } from '#lib/imap';
import type { MailboxStatus } from '../backend.ts';
import type { Context } from '../context.ts';
import { knownName } from '../mailbox-name.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** STATUS (RFC 9051 §6.3.11). @throws No NONEXISTENT for a name without a mailbox (RFC 5530 §3). */
export const status: Handler<CommandOf<'status'>> = {
  state: 'authenticated',
  updates: 'all',
  async run(context, command) {
    const name = knownName(command.mailbox);
    const [counters] = await context.loggedIn().status([name]);
    if (counters === null || counters === undefined) throw new No('NONEXISTENT', 'no such mailbox');
    writeCounters(context, name, command.items, counters);
    return 'status completed';
  },
};

/** Writes a STATUS response (RFC 9051 §7.3.3). */
export function writeCounters(
  context: Context,
  name: string,
  items: readonly StatusItem[],
  counters: MailboxStatus,
): void {
  const values = items.map((item) => [item, valueOf(item, counters, context.appendLimitBytes)] as const);
  context.write((writer, options) => writeStatus(writer, name, values, options));
}

function valueOf(item: StatusItem, counters: MailboxStatus, appendLimitBytes: number): number {
  switch (item) {
    // RFC 3501 §6.3.10: messages with \Recent, which we do not keep.
    case 'recent':
      return 0;
    case 'size':
      return counters.sizeBytes;
    case 'appendLimit':
      return appendLimitBytes;
    default:
      return counters[item];
  }
}
