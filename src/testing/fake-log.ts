import { inspect } from 'node:util';
import type { Log, LogFields } from '#ports/log';
import type { SeenEvent } from '#ports/log.contract';

/** One event as it was logged. */
export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
  readonly cause: unknown;
}

/** A log that keeps its events, so that tests can look at them. */
export class FakeLog implements Log {
  readonly events: LoggedEvent[];
  readonly #fields: LogFields;

  /** Both arguments are for `with` only. */
  constructor(events: LoggedEvent[] = [], fields: LogFields = {}) {
    this.events = events;
    this.#fields = fields;
  }

  debug(event: string, fields?: LogFields): void {
    this.#keep('debug', event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#keep('info', event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#keep('warn', event, fields);
  }

  error(event: string, fields?: LogFields, cause?: unknown): void {
    this.#keep('error', event, fields, cause);
  }

  with(fields: LogFields): Log {
    return new FakeLog(this.events, { ...this.#fields, ...fields });
  }

  /** The events of one level, such as the errors that a test must not have caused. */
  ofLevel(level: LoggedEvent['level']): readonly LoggedEvent[] {
    return this.events.filter((event) => event.level === level);
  }

  #keep(level: LoggedEvent['level'], event: string, fields: LogFields = {}, cause?: unknown): void {
    this.events.push({ level, event, fields: { ...this.#fields, ...fields }, cause });
  }
}

/** The events of a log as the contract of logs compares them: without fields that were undefined, causes in words. */
export function seenBy({ events }: FakeLog): SeenEvent[] {
  return events.map(({ level, event, fields, cause }) => ({
    level,
    event,
    fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    error: cause === undefined ? null : inspect(cause),
  }));
}
