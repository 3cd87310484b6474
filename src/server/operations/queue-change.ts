import { z } from 'zod';
import type { Queue } from '#mail/queue';
import type { Log } from '#ports/log';
import { optionalText } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { namedFilter, namedFilterShape, type QueueFilterDeps } from './queue-filter.ts';

interface QueueChangeDeps extends QueueFilterDeps {
  readonly queue: Pick<Queue, 'find' | 'kick' | 'hold' | 'drop' | 'fail'>;
  readonly log: Log;
}

/** Schema of the result of operations that change recipients. */
export const changed = z.strictObject({ count: z.number().describe('Recipients that were changed.') });

/** Recipients that are counted at once. */
const pageRecipients = 250;

/** `queue.count`. */
export const queueCount = defineOperation({
  name: 'queue.count',
  summary: 'Count the recipients that a drop or a failure with the same filter would end: those that wait',
  permission: 'operator',
  command: { none: "'godwit queue drop' and 'queue fail' show it when they ask" },
  args: namedFilterShape,
  result: z.strictObject({ recipients: z.number(), messages: z.number() }),
  run: async (deps: QueueFilterDeps & { readonly queue: Pick<Queue, 'list'> }, given) => {
    const filter = await namedFilter(deps, given);
    const messages = new Set<number>();
    let recipients = 0;
    for (let after = 0; ;) {
      const page = await deps.queue.list(filter, pageRecipients, after);
      for (const { state, message } of page) {
        if (state !== 'queued') continue;
        recipients += 1;
        messages.add(message);
      }
      after = page.at(-1)?.id ?? after;
      if (page.length < pageRecipients) return { recipients, messages: messages.size };
    }
  },
});

/** `queue.kick`. */
export const queueKick = defineOperation({
  name: 'queue.kick',
  summary: 'Try now what is not on hold',
  permission: 'operator',
  command: 'queue kick',
  args: namedFilterShape,
  result: changed,
  run: async (deps: QueueChangeDeps, given) => ({ count: await deps.queue.kick(await namedFilter(deps, given)) }),
});

/** `queue.hold`. */
export const queueHold = defineOperation({
  name: 'queue.hold',
  summary: 'Do not try until released',
  permission: 'operator',
  command: 'queue hold',
  args: namedFilterShape,
  result: changed,
  run: async (deps: QueueChangeDeps, given) => ({ count: await deps.queue.hold(await namedFilter(deps, given), true) }),
});

/** `queue.release`. */
export const queueRelease = defineOperation({
  name: 'queue.release',
  summary: 'End a hold',
  permission: 'operator',
  command: 'queue release',
  args: namedFilterShape,
  result: changed,
  run: async (deps: QueueChangeDeps, given) => ({
    count: await deps.queue.hold(await namedFilter(deps, given), false),
  }),
});

/** `queue.drop`. */
export const queueDrop = defineOperation({
  name: 'queue.drop',
  summary: 'Remove without a notice to the sender',
  permission: 'operator',
  command: 'queue drop',
  args: namedFilterShape,
  result: changed,
  run: async (deps: QueueChangeDeps, given) => {
    const count = await deps.queue.drop(await namedFilter(deps, given));
    deps.log.info('queue.dropped', { count });
    return { count };
  },
});

/** `queue.fail`. */
export const queueFail = defineOperation({
  name: 'queue.fail',
  summary: 'Give up, with a notice to the sender',
  permission: 'operator',
  command: 'queue fail',
  args: { ...namedFilterShape, reason: optionalText('Reason in the notice.') },
  result: changed,
  run: async (deps: QueueChangeDeps, { reason, ...given }) => {
    const count = await deps.queue.fail(await namedFilter(deps, given), reason);
    deps.log.info('queue.failedByOperator', { count });
    return { count };
  },
});
