import { writeNamespace } from '#lib/imap';
import type { CommandOf, Handler } from './handler.ts';

/** NAMESPACE (RFC 2342 §5, RFC 9051 §6.3.10): one personal namespace; the others do not exist, so they are NIL. */
export const namespace: Handler<CommandOf<'namespace'>> = {
  state: 'authenticated',
  updates: 'all',
  async run(context) {
    const personal = [{ prefix: '', separator: '/' }];
    context.write((writer, options) => writeNamespace(writer, { personal, otherUsers: [], shared: [] }, options));
    return 'namespace completed';
  },
};
