import type { JsonObject } from '#lib/jmap';
import type { MailContext } from './mail-context.ts';

/** A capability that the session announces (RFC 8620 §2). */
export interface Capability {
  readonly uri: string;
  /** Returns what holds for the whole server. */
  readonly ofServer: (context: MailContext) => JsonObject;
  /** Returns what holds for the account of the user; null when this login does not have the capability there. */
  readonly ofAccount: (context: MailContext) => JsonObject | null;
}
