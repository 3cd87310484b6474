import { StacklessError } from '#lib/stackless-error';

/**
 * The one way to say NO: thrown by command handlers and backends, caught once per command by the session,
 * which answers `tag NO [code] text` and goes on (RFC 9051 §7.1.2).
 */
export class No extends StacklessError {
  override readonly name = 'No';
  /** Response code without brackets, such as `TRYCREATE` or `BADCHARSET (UTF-8)`; null when none applies. */
  readonly code: string | null;

  /** @param text  Printable US-ASCII for people, without line breaks. */
  constructor(code: string | null, text: string) {
    super(text);
    this.code = code;
  }
}

/** The command cannot be understood or is out of place: answered `tag BAD [code] text` (RFC 9051 §7.1.3). */
export class Bad extends StacklessError {
  override readonly name = 'Bad';
  /** Response code without brackets, null when none applies. */
  readonly code: string | null;

  /** @param text  Printable US-ASCII for people, without line breaks. */
  constructor(text: string, code: string | null = null) {
    super(text);
    this.code = code;
  }
}

/** The connection must end now: answered `* BYE [code] text`, then closed (RFC 9051 §7.1.5). */
export class Bye extends StacklessError {
  override readonly name = 'Bye';
  /** Response code without brackets, null when none applies. */
  readonly code: string | null;

  /** @param text  Printable US-ASCII for people, without line breaks. */
  constructor(text: string, code: string | null = null) {
    super(text);
    this.code = code;
  }
}

/**
 * One stored message is damaged: thrown by a backend where its columns or bytes are read. Commands that read many messages leave it out,
 * answer for the others, and end with `refusalFor`.
 */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** The goodbye of a session that `shutdown`, which is aborted, ends: it says the reason. */
export function goodbyeOf(shutdown: AbortSignal): Bye {
  const reason: unknown = shutdown.reason;
  return new Bye(reason instanceof Error ? reason.message : 'shutting down', 'UNAVAILABLE');
}
