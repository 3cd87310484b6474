import { StacklessError } from '#lib/stackless-error';

/**
 * Refusal of a command, thrown by command handlers and backends, caught once per command by the session,
 * which answers `tag NO [code] text` and continues (RFC 9051 §7.1.2).
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

/** Thrown for a command that is malformed or illegal in this state: answered `tag BAD [code] text` (RFC 9051 §7.1.3). */
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

/** Thrown when the connection must end now: answered `* BYE [code] text`, then closed (RFC 9051 §7.1.5). */
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
 * Thrown by a backend when it reads columns or bytes of a damaged message. Commands that read many messages leave it out,
 * answer for the others, and end with `refusalFor`.
 */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** Returns the BYE of a session that the aborted `shutdown` ends: its reason, or another reason with UNAVAILABLE, a temporary failure (RFC 5530 §3). */
export function goodbyeOf(shutdown: AbortSignal): Bye {
  const reason: unknown = shutdown.reason;
  if (reason instanceof Bye) return reason;
  return new Bye(reason instanceof Error ? reason.message : 'shutting down', 'UNAVAILABLE');
}
