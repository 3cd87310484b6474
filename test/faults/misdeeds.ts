/** Stage of the dialogue at which a host misbehaves: the reply to this command, or this step. */
export type Stage =
  | 'connection'
  | 'greeting'
  | 'EHLO'
  | 'STARTTLS'
  | 'handshake'
  | 'EHLO after TLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'content'
  | 'end of content'
  | 'BDAT'
  | 'QUIT'
  | 'every reply';

/** Kinds of misbehaviour. */
export type Misdeed =
  /** The connection ends in place of the reply. */
  | { readonly kind: 'dies' }
  /** The connection ends right after the usual reply. */
  | { readonly kind: 'dies-after' }
  /** These bytes in place of the reply; the dialogue goes on, unless it `ends`. */
  | { readonly kind: 'says'; readonly bytes: string; readonly ends?: boolean }
  | { readonly kind: 'silent' }
  /** An endless reply, one byte a minute. */
  | { readonly kind: 'drips' }
  /** Replies come so late. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Each piece of content is taken so late. */
  | { readonly kind: 'takes-slowly'; readonly ms: number }
  /** No connection, with this reason. */
  | { readonly kind: 'refuses'; readonly reason: string }
  /** The handshake fails with an alert. */
  | { readonly kind: 'alert' }
  /** A certificate that is not right. */
  | { readonly kind: 'bad-certificate' };

/** Abilities of a host, and its misbehaviour. */
export interface HostNature {
  readonly offers: readonly ('STARTTLS' | 'AUTH PLAIN' | 'PIPELINING' | 'CHUNKING')[];
  /** TLS from the first byte. */
  readonly immediateTls?: boolean;
}
