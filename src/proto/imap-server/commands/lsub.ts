import { writeList } from '#lib/imap';
import type { CommandOf, Handler } from './handler.ts';
import { Matcher } from './list.ts';

/** LSUB (RFC 3501 §6.3.9): subscribed names; with `%`, also parents of subscribed names, as \Noselect. */
export const lsub: Handler<CommandOf<'lsub'>> = {
  state: 'authenticated',
  updates: 'all',
  async run(context, command) {
    const matcher = new Matcher(context, command.reference, [command.pattern]);
    const shown = new Map<string, readonly string[]>();
    for (const entry of await context.loggedIn().mailboxes()) {
      if (!entry.subscribed) continue;
      if (matcher.matches(entry.name)) {
        shown.set(entry.name, entry.exists && !entry.selectable ? ['\\Noselect'] : []);
      } else if (command.pattern.includes('%')) {
        for (let at = entry.name.lastIndexOf('/'); at > 0; at = entry.name.lastIndexOf('/', at - 1)) {
          const parent = entry.name.slice(0, at);
          if (!shown.has(parent) && matcher.matches(parent)) shown.set(parent, ['\\Noselect']);
        }
      }
    }
    for (const [name, attributes] of shown) {
      context.write((writer, options) => writeList(writer, { attributes, separator: '/', name }, options, 'LSUB'));
      if (context.output.isFull) await context.output.spill();
    }
    return 'listed';
  },
};
