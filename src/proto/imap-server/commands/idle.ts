import { Bad, goodbyeOf } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** IDLE (RFC 9051 §6.3.13): reports changes as they occur until DONE. */
export const idle: Handler<CommandOf<'idle'>> = {
  state: 'authenticated',
  updates: 'all',
  async run(context) {
    const { input, output, codec } = context;
    const { shutdown, options } = context.deps;
    let isHinted = true;
    using hints = context.loggedIn().onChange(() => {
      isHinted = true;
      input.wake();
    });
    codec.expectDone();
    output.line('+ idling');
    for (;;) {
      if (isHinted) {
        isHinted = false;
        await context.selection?.report(output, true);
      }
      await output.drain();
      if (shutdown.aborted) throw goodbyeOf(shutdown);
      const event = await input.nextOrWoken(options.limits.idleTimeoutMs);
      if (event === 'woken') continue;
      if (event === null) {
        context.isLoggedOut = true;
        return 'goodbye';
      }
      hints[Symbol.dispose]();
      if (event.kind === 'idleEnd' && event.isDone) return 'idle ended';
      // RFC 9051 §6.3.13: a client MUST NOT send a command now. Both the command and IDLE are answered, so that the client waits for neither.
      if (event.kind === 'idleEnd' && event.tag !== null) output.line(`${event.tag} BAD only DONE may follow IDLE`);
      throw new Bad('IDLE ended without DONE');
    }
  },
};
