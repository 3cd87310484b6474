import type { Address, ForwardPath } from '#lib/address';
import type { CredentialStore, Identity, MechanismName, SaslFailure } from '#lib/sasl';
import type { MailParameters, RcptParameters, Reply } from '#lib/smtp';
import type { Endpoint, TlsSession } from '#ports/channel';

/** A value now or later. Sessions await only promises, so a Backend that knows the answer should give it at once. */
export type Maybe<T> = T | Promise<T>;

/** Purpose of a listener: mail from other servers, or from users (RFC 6409; TLS from the first byte: RFC 8314 §3.3). */
export type ServerKind = 'mx' | 'submission' | 'submissions';

/** Recipient of a message: an address, or the bare `<Postmaster>` (RFC 5321 §4.5.1). */
export type Recipient = ForwardPath;

/** Argument of HELO or EHLO, and which of them it was. */
export interface Hello {
  readonly verb: 'HELO' | 'EHLO';
  /** As sent, without surrounding space: a domain, an address literal in brackets or, from tolerated clients, anything. */
  readonly name: string;
  readonly form: 'domain' | 'literal' | 'other';
}

/** The facts of one connection, current whenever they are read. */
export interface SessionFacts {
  /** Connection id, as in logs and at the end of replies that refuse. */
  readonly id: string;
  readonly kind: ServerKind;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsSession | null;
  /** Null before HELO and again after STARTTLS. */
  readonly hello: Hello | null;
  readonly identity: Identity | null;
  readonly mechanism: MechanismName | null;
}

/** One recipient that was accepted. */
export interface TransactionRecipient {
  readonly address: Recipient;
  readonly parameters: RcptParameters;
}

/** One mail transaction (RFC 5321 §3.3), from MAIL to the end of DATA. A fresh object each time, so it can key a WeakMap. */
export interface Transaction {
  /** Null for the null reverse-path `<>`. */
  readonly from: Address | null;
  readonly parameters: MailParameters;
  /** Accepted recipients, in the order of RCPT; grows until DATA. */
  readonly recipients: readonly TransactionRecipient[];
  /** True when the content came by BDAT. Meaningful in `data` and later. */
  readonly chunked: boolean;
  /** Lines of the content ended with a bare LF, which became CRLF. Meaningful once the content has ended. */
  readonly hadBareLf?: boolean;
}

/** Mail that did not come in: what the peer wanted, and the reply that it got. */
export interface RefusedMail {
  /** Refused part: the sender, a recipient, or the content. */
  readonly stage: 'MAIL' | 'RCPT' | 'DATA';
  /** Null for the null reverse-path `<>`. */
  readonly from: Address | null;
  /** At RCPT the one that was refused; at DATA those that had been accepted; none at MAIL. */
  readonly recipients: readonly Recipient[];
  readonly reply: Reply;
}

/** Takes one message's content, by DATA or BDAT, and answers for it. Calls never overlap. Exactly one of `finish` and `abort` ends it. */
export interface DataHandler {
  /**
   * The next bytes, dots unstuffed, every line ended by CRLF; they never change afterwards and may be views of larger buffers.
   * A rejection or Refusal makes the session read on to the end of the content, call `abort` and refuse the message.
   */
  write(chunk: Uint8Array): void | Promise<void>;
  /**
   * All content was given. The reply is sent only after this resolves: a 2xx promises that everything is durable (invariant 1).
   * A 4xx or 5xx reply, or a Refusal, says that nothing was accepted.
   */
  finish(): Promise<Reply>;
  /** The message is not accepted: peer gone, content bad, too large or too slow, or `write` failed. Releases what `write` kept. Must not throw. */
  abort(): void;
}

/** Result of a login attempt. */
export type AuthOutcome =
  | { readonly kind: 'success'; readonly mechanism: MechanismName; readonly identity: Identity }
  | {
      readonly kind: 'failure';
      readonly mechanism: MechanismName;
      readonly failure: SaslFailure;
      /** Login name as far as it was learned. */
      readonly login: string | null;
      /** For logs only; never sent. */
      readonly reason: string;
    };

/** Logins, for submission. */
export interface AuthBackend {
  readonly credentials: CredentialStore;
  /** Mechanisms to offer besides what TLS rules out, most secure first. */
  readonly mechanisms: readonly MechanismName[];
  /** Before an exchange begins: throw a Refusal when this peer guessed too often. */
  attempt(facts: SessionFacts, mechanism: MechanismName): Maybe<void>;
  /** Every end of an exchange, for rate limits and the login log. A Refusal thrown on success refuses the login (such as 525 5.7.13 disabled). */
  outcome(facts: SessionFacts, outcome: AuthOutcome): Maybe<void>;
}

/**
 * What the server behind a session decides. One object per session, or one for all: every call carries the facts.
 * To say no, throw `Refusal`. Anything else thrown is logged with its stack and answered 451 4.3.0.
 */
export interface Backend {
  /** Null when logins are not possible here; AUTH is then neither offered nor accepted. */
  readonly auth: AuthBackend | null;
  /** Admission, before the banner (after the handshake on immediate TLS). A Refusal (421, 554) replaces the banner and ends the connection. */
  greet(facts: SessionFacts): Maybe<void>;
  /** HELO or EHLO with an acceptable argument. */
  hello(facts: SessionFacts, hello: Hello): Maybe<void>;
  /** MAIL FROM. Syntax, SIZE against the limit, REQUIRETLS, HOLD limits and the need of AUTH were checked. */
  mail(facts: SessionFacts, transaction: Transaction): Maybe<void>;
  /** RCPT TO, below the recipient limit. A reply other than null replaces `250 2.1.5`. Accepting adds it to `transaction.recipients`. */
  rcpt(facts: SessionFacts, transaction: Transaction, recipient: TransactionRecipient): Maybe<Reply | null>;
  /** DATA, or the first BDAT: begins the content. A Refusal here is sent instead of 354. */
  data(facts: SessionFacts, transaction: Transaction): Maybe<DataHandler>;
  /** MAIL, RCPT or content was refused, by this Backend or by the session itself, for records. Must not throw. */
  refused?(facts: SessionFacts, mail: RefusedMail): void;
  /** The transaction ended without `data`: RSET, new EHLO, STARTTLS, or the connection ended. */
  reset(facts: SessionFacts, transaction: Transaction): void;
  /** The session ended. Called exactly once, also when `greet` refused. */
  closed(facts: SessionFacts): void;
}
