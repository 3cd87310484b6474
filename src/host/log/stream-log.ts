import { escapeControls, safeJson } from '#lib/printable';
import type { Log, LogFields, LogValue } from '#ports/log';

/** From chatty to quiet. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Options of a log. */
export interface LogOptions {
  /** Events below it are dropped. */
  readonly level: LogLevel;
  /** `text` for people at a terminal, with the local time; `json` for collectors: one object to a line, in UTC. */
  readonly format: 'text' | 'json';
  /** Takes whole lines; by default standard error. */
  readonly write?: (lines: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A log that gathers the lines of one turn of the event loop and writes them at once. */
export interface StreamLog extends Log {
  /** Writes what is gathered; call it before the process exits. */
  flush(): void;
}

/** Makes the log of a process. */
export function streamLog(options: LogOptions): StreamLog {
  if (options.write === undefined) outliveReaders();
  return new Stream(new Lines(options.write ?? writeToStandardError), options, {});
}

const rank = { debug: 0, info: 1, warn: 2, error: 3 } as const;

class Stream implements StreamLog {
  readonly #lines: Lines;
  readonly #options: LogOptions;
  readonly #fields: LogFields;
  readonly #rank: number;

  constructor(lines: Lines, options: LogOptions, fields: LogFields) {
    this.#lines = lines;
    this.#options = options;
    this.#fields = fields;
    this.#rank = rank[options.level];
  }

  debug(event: string, fields?: LogFields): void {
    if (this.#rank === 0) this.#log('debug', event, fields, undefined);
  }

  info(event: string, fields?: LogFields): void {
    if (this.#rank <= 1) this.#log('info', event, fields, undefined);
  }

  warn(event: string, fields?: LogFields): void {
    if (this.#rank <= 2) this.#log('warn', event, fields, undefined);
  }

  error(event: string, fields?: LogFields, cause?: unknown): void {
    this.#log('error', event, fields, cause);
  }

  with(fields: LogFields): Log {
    return new Stream(this.#lines, this.#options, { ...this.#fields, ...fields });
  }

  flush(): void {
    this.#lines.flush();
  }

  #log(level: LogLevel, event: string, fields: LogFields | undefined, cause: unknown): void {
    const all = { ...this.#fields, ...fields };
    const now = new Date(this.#options.now());
    this.#lines.add(
      this.#options.format === 'json'
        ? jsonLine(now.toISOString(), level, event, all, cause)
        : textLine(wallClock(now), level, event, all, cause),
    );
  }
}

function jsonLine(time: string, level: LogLevel, event: string, fields: LogFields, cause: unknown): string {
  const error = cause === undefined ? {} : { error: describe(cause) };
  return `${safeJson({ time, level, event, ...fields, ...error })}\n`;
}

/** As the commands show times: 09:12:30.123 of this place. */
function wallClock(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = `${two(now.getSeconds())}.${String(now.getMilliseconds()).padStart(3, '0')}`;
  return `${two(now.getHours())}:${two(now.getMinutes())}:${seconds}`;
}

function textLine(time: string, level: LogLevel, event: string, fields: LogFields, cause: unknown): string {
  let line = `${time} ${level.padEnd(5)} ${event}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${textValue(value)}`;
  }
  const error = cause === undefined ? '' : `\n    ${describe(cause).replaceAll('\n', '\n    ')}`;
  return `${line}${error}\n`;
}

/** Bare where that is clear; quoted as JSON otherwise, so that no peer's text can end the line or drive the terminal. */
function textValue(value: LogValue): string {
  if (Array.isArray(value)) return `[${value.map((inner: string | number) => textValue(inner)).join(',')}]`;
  if (typeof value === 'string' && !/^[\x21-\x7e]+$/.test(value)) return safeJson(value);
  return String(value);
}

/** An error with its stack and its causes, up to a depth beyond which they are not worth reading. */
function describe(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return escapeControls(String(error));
  const own = escapeControls(error.stack ?? `${error.name}: ${error.message}`, true);
  if (error.cause === undefined || depth === 4) return own;
  return `${own}\ncaused by ${describe(error.cause, depth + 1)}`;
}

/** Lines of one turn of the event loop. */
class Lines {
  readonly #write: (lines: string) => void;
  #gathered: string[] = [];

  constructor(write: (lines: string) => void) {
    this.#write = write;
  }

  add(line: string): void {
    if (this.#gathered.push(line) === 1) setImmediate(() => this.flush());
    // A flood within one turn must not gather without bound.
    if (this.#gathered.length === 1000) this.flush();
  }

  flush(): void {
    if (this.#gathered.length === 0) return;
    const lines = this.#gathered.join('');
    this.#gathered = [];
    this.#write(lines);
  }
}

/** Lines that standard error may hold back before further ones are dropped: a stuck collector must not fill our memory. */
const maxUnwrittenBytes = 16 * 1024 * 1024;

function writeToStandardError(lines: string): void {
  if (process.stderr.writableLength > maxUnwrittenBytes) return;
  process.stderr.write(lines);
}

let isGuarded = false;

/** A collector that died, or a terminal that was closed, is no reason to stop serving mail. */
function outliveReaders(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.stderr.on('error', () => undefined);
}
