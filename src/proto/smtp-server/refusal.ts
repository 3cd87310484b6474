import { reply, type Reply } from '#lib/smtp';
import { StacklessError } from '#lib/stackless-error';

/**
 * Negative reply to the peer, thrown by command handlers and by the Backend, caught in exactly one place (style: rule 12).
 * Any other exception is a bug of ours.
 */
export class Refusal extends StacklessError {
  override readonly name = 'Refusal';
  /** Reply to the peer; the connection id is appended when it is written. */
  readonly reply: Reply;
  /** Reason for the operator, which the peer does not see; null when the reply says it all. */
  readonly explanation: string | null;
  /** True when the connection ends after the reply. 421 always ends it (RFC 5321 §3.8). */
  readonly close: boolean;

  /** `enhanced` has the form `5.1.1` (RFC 3463 §2); `close` also ends the connection. */
  constructor(
    code: number,
    enhanced: string | null,
    text: string,
    options?: { readonly close?: boolean; readonly explanation?: string | null },
  ) {
    super(`${code} ${enhanced ?? ''} ${text}`);
    this.reply = reply(code, enhanced, ...text.split('\n'));
    this.explanation = options?.explanation ?? null;
    this.close = code === 421 || options?.close === true;
  }
}
