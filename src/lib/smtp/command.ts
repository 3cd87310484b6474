import type { Address, ForwardPath } from '#lib/address';
import type { MailParameters, RcptParameters } from './parameters.ts';

/** Argument of HELO or EHLO. `other` is outside every grammar but clients send it nevertheless. */
export interface HelloArgument {
  readonly form: 'domain' | 'literal' | 'other';
  /** As sent, without surrounding space; a literal keeps its brackets, and loses what follows them. */
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
  /** No command that we know; `word` in upper case, at most 20 characters of it. */
  | { readonly verb: 'unknown'; readonly word: string };

/** The verbs of all commands that we know. */
export type Verb = Exclude<Command['verb'], 'unknown'>;

/** Options of reading commands and content. */
export interface CommandOptions {
  /** Refuses what clients do wrong but harmlessly: a space after `FROM:`, spaces at the end, several between words, a bare LF in content. */
  readonly pedantic?: boolean;
  /**
   * Takes what programs of developers send, where nothing can be smuggled because nothing goes on: HELO without a name, a sender or recipient
   * without a domain, bare CR and LF anywhere in content.
   */
  readonly lenient?: boolean;
}
