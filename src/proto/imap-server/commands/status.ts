import type { StatusItem } from '#lib/imap';
import type { MailboxStatus } from '../backend.ts';
import type { Context } from '../context.ts';
import { knownName } from '../mailbox-name.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** STATUS (RFC 9051 §6.3.11). */
export const status: Handler<CommandOf<'status'>> = {
  state: 'authenticated',
  updates: 'all',
  async run(context, command) {
    const name = knownName(command.mailbox);
    const [counters] = await context.loggedIn().status([name]);
    if (counters === null || counters === undefined) throw new No('NONEXISTENT', 'no such mailbox');
    context.untagged(statusText(context, name, command.items, counters));
    return 'status completed';
  },
};

/** The STATUS response without `* ` (RFC 9051 §7.3.3). */
export function statusText(
  context: Context,
  name: string,
  items: readonly StatusItem[],
  counters: MailboxStatus,
): string {
  const shown = [...new Set(items)].map((item) => itemText(item, counters, context.appendLimitBytes));
  return `STATUS ${context.mailboxText(name)} (${shown.join(' ')})`;
}

function itemText(item: StatusItem, counters: MailboxStatus, appendLimitBytes: number): string {
  switch (item) {
    case 'messages':
      return `MESSAGES ${counters.messages}`;
    case 'recent':
      return 'RECENT 0';
    case 'uidNext':
      return `UIDNEXT ${counters.uidNext}`;
    case 'uidValidity':
      return `UIDVALIDITY ${counters.uidValidity}`;
    case 'unseen':
      return `UNSEEN ${counters.unseen}`;
    case 'deleted':
      return `DELETED ${counters.deleted}`;
    case 'size':
      return `SIZE ${counters.sizeBytes}`;
    case 'appendLimit':
      return `APPENDLIMIT ${appendLimitBytes}`;
    default:
      return `HIGHESTMODSEQ ${counters.highestModSeq}`;
  }
}
