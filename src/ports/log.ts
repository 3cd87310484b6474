/** Values that a log event may carry. A `Secret` is not among them, on purpose (invariant 9). */
export type LogValue = string | number | boolean | null | undefined | readonly string[] | readonly number[];

/** Fields of one log event. */
export type LogFields = Readonly<Record<string, LogValue>>;

/**
 * Events with names and fields: `log.info('queue.deferred', { queueId, host, retryAtMs })`.
 * The first argument is a constant `area.event`; nothing is interpolated into it; libraries never log.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** `error` is our fault or the machine's; a thrown value is passed as `cause` and logged with its stack. */
  error(event: string, fields?: LogFields, cause?: unknown): void;
  /** A log that adds `fields` to each event, such as the connection id. */
  with(fields: LogFields): Log;
}
