import { ConditionError, type ConditionSink } from '#ports/conditions';
import type { Log, LogFields } from '#ports/log';

/**
 * Passes events to `log`, except errors whose cause is a condition of the machine: these go to `conditions`, which logs them once. What says no more
 * than that something failed is left at `debug`, other events lose their stack. So no place that catches everything can make a bug of a full disk, or a flood of lines.
 */
export function conditionAwareLog(log: Log, conditions: ConditionSink): Log {
  return {
    debug: (event, fields) => log.debug(event, fields),
    info: (event, fields) => log.info(event, fields),
    warn: (event, fields) => log.warn(event, fields),
    error(event: string, fields?: LogFields, cause?: unknown): void {
      const condition = conditionIn(cause);
      if (condition === null) {
        log.error(event, fields, cause);
        return;
      }
      conditions.note(condition);
      const all = { ...fields, condition: condition.kind, subject: condition.subject };
      if (saysNoMore.test(event)) log.debug(event, all);
      else log.error(event, all);
    },
    with: (fields) => conditionAwareLog(log.with(fields), conditions),
  };
}

/** Names of events that are logged where any error is caught. */
const saysNoMore = /(?:\.bug|ailed|otWritten)$/;
const maxDepth = 4;

/** The condition that a thrown value is or was caused by, null when there is none. */
function conditionIn(thrown: unknown, depth = 0): ConditionError | null {
  if (thrown instanceof ConditionError) return thrown;
  if (!(thrown instanceof Error) || depth === maxDepth) return null;
  return conditionIn(thrown.cause, depth + 1);
}
