import type { Command, Verb } from '#lib/smtp';
import type { Context, Stage } from '../context.ts';

/** Handler of one command, and the stages in which it is legal. */
export interface CommandDefinition<V extends Verb> {
  /** Stages in which it is legal; in others it is answered 503 (RFC 5321 §4.1.4). */
  readonly legal: readonly Stage[];
  /** True for a command that makes no progress by itself; the number of these between messages is limited. */
  readonly isIdle: boolean;
  /** Queues the reply. Throws a Refusal to refuse the command. */
  handle(context: Context, command: Extract<Command, { readonly verb: V }>): Promise<void>;
}

/** Every stage. */
export const anywhere: readonly Stage[] = ['connected', 'greeted', 'mail', 'rcpt', 'bdat'];

/** Every stage after HELO or EHLO. */
export const afterHello: readonly Stage[] = ['greeted', 'mail', 'rcpt', 'bdat'];
