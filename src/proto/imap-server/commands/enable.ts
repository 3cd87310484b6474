import type { Enabled } from '../context.ts';
import type { CommandOf, Handler } from './handler.ts';

const known: readonly Enabled[] = ['IMAP4REV2', 'UTF8=ACCEPT'];

/** ENABLE (RFC 5161 §3.1): unknown names MUST be ignored; ENABLED lists only what this command enabled (RFC 5161 §3.2). */
export const enable: Handler<CommandOf<'enable'>> = {
  state: 'authenticated',
  updates: 'all',
  async run(context, command) {
    const fresh = known.filter((name) => command.capabilities.includes(name) && !context.enabled.has(name));
    for (const name of fresh) context.enabled.add(name);
    context.codec.utf8 = context.isUtf8;
    const shown = fresh.map((name) => (name === 'IMAP4REV2' ? 'IMAP4rev2' : name));
    context.untagged(['ENABLED', ...shown].join(' '));
    return 'enabled';
  },
};
