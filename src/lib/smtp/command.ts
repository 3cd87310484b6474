import type { Address, ForwardPath } from '#lib/address';
import type { MailParameters, RcptParameters } from './parameters.ts';

/** Argument of HELO or EHLO. `other` matches no grammar, but clients send it. */
export interface HelloArgument {
  readonly form: 'domain' | 'literal' | 'other';
  /** As sent, without surrounding space; a literal keeps its brackets and loses the text after them. */
  readonly text: string;
  /** Reason why it is neither a domain nor a literal, for `other`; empty otherwise. */
  readonly reason: string;
}

/** A command of the client (RFC 5321 §4.1.1 and extensions). */
export type Command =
  | { readonly verb: 'HELO'; readonly hello: HelloArgument }
  | { readonly verb: 'EHLO'; readonly hello: HelloArgument }
  | { readonly verb: 'MAIL'; readonly from: Address | null; readonly parameters: MailParameters }
  | { readonly verb: 'RCPT'; readonly to: ForwardPath; readonly parameters: RcptParameters }
  | { readonly verb: 'DATA' }
  /** RFC 3030 §2. */
  | { readonly verb: 'BDAT'; readonly sizeBytes: number; readonly isLast: boolean }
  | { readonly verb: 'RSET' }
  | { readonly verb: 'VRFY'; readonly text: string; readonly smtputf8: boolean }
  | { readonly verb: 'EXPN'; readonly text: string; readonly smtputf8: boolean }
  | { readonly verb: 'HELP'; readonly topic: string }
  | { readonly verb: 'NOOP' }
  | { readonly verb: 'QUIT' }
  /** RFC 3207 §4. */
  | { readonly verb: 'STARTTLS' }
  /** RFC 4954 §4: mechanism in upper case; initial response in base64 as sent, `=` for an empty one, null when none. */
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initial: string | null }
  /** Unknown command, which gets 500 (RFC 5321 §4.2.4); `word` is its first 20 characters in upper case. */
  | { readonly verb: 'unknown'; readonly word: string };

/** Verb of a known command. */
export type Verb = Exclude<Command['verb'], 'unknown'>;

/** Options of reading commands and content. */
export interface CommandOptions {
  /** Refuses harmless mistakes of clients: a space after `FROM:`, spaces at the end, several between words, a bare LF in content. */
  readonly pedantic?: boolean;
  /**
   * Accepts HELO without a name, senders and recipients without a domain, and bare CR and LF in content, as programs of developers send them.
   * Safe only on a server that relays nothing: elsewhere such content could smuggle a second message (RFC 5321 §2.3.8).
   */
  readonly lenient?: boolean;
}
