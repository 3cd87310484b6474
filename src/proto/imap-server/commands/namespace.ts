import type { CommandOf, Handler } from './handler.ts';

/** NAMESPACE (RFC 2342 §5): one personal namespace, no others. */
export const namespace: Handler<CommandOf<'namespace'>> = {
  state: 'authenticated',
  updates: 'all',
  run(context) {
    context.untagged('NAMESPACE (("" "/")) NIL NIL');
    return 'namespace completed';
  },
};
