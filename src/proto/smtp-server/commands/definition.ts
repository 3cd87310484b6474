import type { Command, Verb } from '#lib/smtp';
import type { Maybe } from '../backend.ts';
import type { Context, Stage } from '../context.ts';

/** One command: where it is legal, and what it does. */
export interface CommandDefinition<V extends Verb> {
  /** Stages in which it may come; elsewhere it is answered 503 (RFC 5321 §4.1.4). */
  readonly legal: readonly Stage[];
  /** It leads nowhere by itself, so that only so many are allowed between mails. */
  readonly isIdle: boolean;
  /** Queues the reply. Throws a Refusal to say no. */
  handle(context: Context, command: Extract<Command, { readonly verb: V }>): Maybe<void>;
}

/** Every stage. */
export const anywhere: readonly Stage[] = ['connected', 'greeted', 'mail', 'rcpt', 'bdat'];

/** Every stage after HELO or EHLO. */
export const afterHello: readonly Stage[] = ['greeted', 'mail', 'rcpt', 'bdat'];
