import type { Command } from '#lib/imap';
import type { Context, SessionState } from '../context.ts';

/** The command of one kind. */
export type CommandOf<K extends Command['kind']> = Command & { readonly kind: K };

/** Changes by other sessions that may be reported before a command's tagged answer (RFC 9051 §7.5.1). */
type Updates = 'none' | 'withoutExpunge' | 'all';

/** Handler of one command: the state in which it is legal, the changes reported at its end, and its work. */
export interface Handler<C extends Command> {
  /** `authenticated` includes the selected state; `selected` and `notAuthenticated` are only themselves. */
  readonly state: SessionState | 'any';
  /** Changes the account beyond the messages of the selected mailbox, which SELECT made read-only if the account is; false when omitted. */
  readonly changesAccount?: true;
  readonly updates: Updates | ((command: C) => Updates);
  /** Does the work and returns the text of the tagged OK, response code first. Throws No, Bad or Bye to refuse. */
  run(context: Context, command: C): Promise<string>;
}
