import { writeList } from '#lib/imap';
import type { CommandOf, Handler } from './handler.ts';
import { Matcher } from './list.ts';

/**
 * LSUB (RFC 3501 §6.3.9): subscribed mailboxes; with `%`, also parents of subscribed names, which MUST be flagged \Noselect.
 *
 * deviates: RFC 3501 §6.3.9 lists all subscribed names. A subscription survives its mailbox, but is not shown without one, because clients
 * would show a folder that cannot be opened. LIST shows it as \NonExistent.
 */
export const lsub: Handler<CommandOf<'lsub'>> = {
  state: 'authenticated',
  updates: 'all',
  async run(context, command) {
    const matcher = new Matcher(context, command.reference, [command.pattern]);
    const subscribed = (await context.loggedIn().mailboxes()).filter((entry) => entry.subscribed && entry.exists);
    const matching = new Set(await matcher.filter(subscribed));
    const candidates = new Map<string, { readonly name: string; readonly attributes: readonly string[] }>();
    for (const entry of subscribed) {
      const { name, selectable } = entry;
      if (matching.has(entry)) candidates.set(name, { name, attributes: !selectable ? ['\\Noselect'] : [] });
      else if (command.pattern.includes('%')) {
        for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
          const parent = name.slice(0, at);
          if (!candidates.has(parent)) candidates.set(parent, { name: parent, attributes: ['\\Noselect'] });
        }
      }
    }
    for (const { name, attributes } of await matcher.filter([...candidates.values()])) {
      context.write((writer, options) => writeList(writer, { attributes, separator: '/', name }, options, 'LSUB'));
      if (context.output.isFull) await context.output.spill();
    }
    return 'listed';
  },
};
