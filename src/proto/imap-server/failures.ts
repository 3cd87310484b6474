import type { Context } from './context.ts';
import { No, Unreadable } from './refusal.ts';

/** Reason why a command could not answer for some messages, by UID. */
export type MessageFailures = Map<number, No | Unreadable>;

/** UIDs that the text of a refusal lists; the log lists more. */
const maxUidsInText = 20;
const maxUidsInLog = 1000;

/**
 * Returns the refusal that ends a command which failed for some messages, and logs the damaged ones.
 * RFC 9051 §6.4.5: NO is for data that cannot be fetched. RFC 5530 §3: CORRUPTION is the code for damaged data; the text names what is
 * damaged. Without damage it is the refusal of the first message.
 * @param others  Clause that says that the command succeeded for the other messages.
 */
export function refusalFor(context: Context, failures: MessageFailures, others: string): No {
  const all = [...failures].toSorted(([a], [b]) => a - b);
  const damaged = all.find(([, error]) => error instanceof Unreadable)?.[1];
  const first = damaged ?? all[0]?.[1];
  const code = codeOf(first);
  const uids = all.filter(([, error]) => codeOf(error) === code).map(([uid]) => uid);
  if (damaged !== undefined) {
    const { account, selection, deps } = context;
    const where = { account: account?.name, uidValidity: selection?.mailbox.image.uidValidity };
    const what = { uids: uids.slice(0, maxUidsInLog), reason: damaged.message };
    deps.log.error('imap.messagesDamaged', { ...where, ...what }, damaged.cause);
  }
  const shown = uids.slice(0, maxUidsInText).join(', ');
  const more = uids.length > maxUidsInText ? ` and ${uids.length - maxUidsInText} more` : '';
  const why = first instanceof No ? first.message : 'damaged on the server';
  return new No(code, `UID ${shown}${more}: ${why}; ${others}`);
}

function codeOf(error: No | Unreadable | undefined): string | null {
  return error instanceof No ? error.code : 'CORRUPTION';
}
