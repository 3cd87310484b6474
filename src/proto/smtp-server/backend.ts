import type { Address, ForwardPath } from '#lib/address';
import type { CredentialStore, Identity, MechanismName, SaslFailure } from '#lib/sasl';
import type { MailParameters, RcptParameters, Reply } from '#lib/smtp';
import type { Endpoint, TlsSession } from '#ports/channel';

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

/** Facts of one connection; the values are current at each read. */
export interface SessionFacts {
  /** Connection id, as in logs and at the end of replies that refuse. */
  readonly id: string;
  /** Service that the client uses; `jmap` for mail that comes without an SMTP session. */
  readonly kind: ServerKind | 'jmap';
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsSession | null;
  /** Null before HELO, and again after STARTTLS (RFC 3207 §4.2). */
  readonly hello: Hello | null;
  readonly identity: Identity | null;
  readonly mechanism: MechanismName | null;
}

/** One recipient that RCPT asks for. */
export interface RequestedRecipient {
  readonly address: Recipient;
  readonly parameters: RcptParameters;
}

/** One recipient that was accepted. `R`: facts about it, of which the session knows nothing. */
export interface TransactionRecipient<R = unknown> extends RequestedRecipient {
  /** Facts that `Backend.rcpt` found out. */
  readonly facts: R;
}

/** Answer of a Backend that accepts a recipient. */
export interface RcptAnswer<R = unknown> {
  /** Kept with the recipient, for `Backend.data`. */
  readonly facts: R;
  /** In place of `250 2.1.5`. */
  readonly reply?: Reply;
}

/** The sender of a mail transaction, and what its client announced. */
export interface Sender {
  /** Null for the null reverse-path `<>` of delivery reports and other notices (RFC 5321 §4.5.5). */
  readonly from: Address | null;
  readonly parameters: MailParameters;
}

/** One mail transaction (RFC 5321 §3.3), from MAIL to the end of DATA. `S` and `R`: facts about sender and recipients. */
export interface Transaction<S = unknown, R = unknown> extends Sender {
  /** Facts that `Backend.mail` found out. */
  readonly senderFacts: S;
  /** Accepted recipients, in the order of RCPT; grows until DATA. */
  readonly recipients: readonly TransactionRecipient<R>[];
  /** True when the content came by BDAT. Meaningful in `data` and later. */
  readonly chunked: boolean;
  /** Lines of the content ended with a bare LF, which was rewritten to CRLF. Meaningful once the content has ended. */
  readonly hadBareLf?: boolean;
}

/** Mail that was refused, and the reply that the peer got. */
export interface RefusedMail {
  /** Refused part: the sender, a recipient, or the content. */
  readonly stage: 'MAIL' | 'RCPT' | 'DATA';
  /** Null for the null reverse-path `<>`. */
  readonly from: Address | null;
  /** At RCPT the refused recipient; at DATA the accepted ones; none at MAIL. */
  readonly recipients: readonly Recipient[];
  readonly reply: Reply;
  /** Reason for the operator, where the reply does not give it away; null when the reply says it all. */
  readonly explanation: string | null;
}

/** Receiver of one message's content, by DATA or BDAT, which decides on its reply. Calls never overlap. Exactly one of `finish` and `abort` ends it. */
export interface DataHandler {
  /**
   * Takes the next bytes, with dots unstuffed and every line ended by CRLF; they never change afterwards and may be views of larger buffers.
   * Null when there is nothing to wait for.
   * After a rejection or Refusal the session reads to the end of the content, calls `abort` and refuses the message.
   */
  write(chunk: Uint8Array): Promise<void> | null;
  /**
   * Ends the content. The reply is sent only after this resolves: a 2xx promises that everything is durable (invariant 1), because with it
   * the server accepts responsibility (RFC 5321 §4.2.5) and MUST NOT lose the message because it crashes later (RFC 5321 §6.1).
   * A 4xx or 5xx reply, or a Refusal, says that nothing was accepted: partial failures are not allowed (RFC 5321 §4.1.1.4).
   */
  finish(): Promise<Reply>;
  /** Drops the message: peer gone, content bad, too large or too slow, or `write` failed. Releases what `write` kept. Must not throw. */
  abort(): void;
}

/** Result of a login attempt. */
export type AuthOutcome =
  | { readonly kind: 'success'; readonly mechanism: MechanismName; readonly identity: Identity }
  | {
      readonly kind: 'failure';
      readonly mechanism: MechanismName;
      readonly failure: SaslFailure;
      /** Login name, null when the exchange ended before the client gave it. */
      readonly login: string | null;
      /** For logs only; never sent. */
      readonly reason: string;
    };

/** Logins, for submission. */
export interface AuthBackend {
  readonly credentials: CredentialStore;
  /** Mechanisms to offer besides what TLS rules out, most secure first. */
  readonly mechanisms: readonly MechanismName[];
  /** Called before an exchange begins. Throws a Refusal when this peer has failed too often. */
  attempt(facts: SessionFacts, mechanism: MechanismName): Promise<void>;
  /**
   * Records the end of an exchange, for rate limits and the login log. A Refusal thrown on success refuses the login (such as 525 5.7.13, a disabled
   * account: RFC 5248 §2.4). Returns a signal that ends the session, after the content that is under way; null for none.
   */
  outcome(facts: SessionFacts, outcome: AuthOutcome): Promise<AbortSignal | null>;
}

/**
 * Decisions of the server behind a session. One object per session, or one for all: every call carries the facts.
 * Throw `Refusal` to refuse. Any other exception is logged with its stack and answered 451 4.3.0.
 * `S` and `R` are facts that `mail` and `rcpt` find out about sender and recipient: the session keeps them with the transaction, for later calls.
 */
export interface Backend<S = unknown, R = unknown> {
  /** Null when logins are not possible here; AUTH is then neither offered nor accepted. */
  readonly auth: AuthBackend | null;
  /** Admission, before the banner (after the handshake on immediate TLS). A Refusal (421, 554) replaces the banner and ends the connection. */
  greet(facts: SessionFacts): Promise<void>;
  /** Decides on HELO or EHLO with an acceptable argument. RFC 5321 §4.1.4: a name that does not match the client's address is no reason to refuse. */
  hello(facts: SessionFacts, hello: Hello): Promise<void>;
  /** Decides on MAIL FROM. Syntax, SIZE against the limit, REQUIRETLS, HOLD limits and the need for AUTH have been checked. */
  mail(facts: SessionFacts, sender: Sender): Promise<S>;
  /** Decides on RCPT TO, below the recipient limit. Accepting adds it to `transaction.recipients`. */
  rcpt(facts: SessionFacts, transaction: Transaction<S, R>, recipient: RequestedRecipient): Promise<RcptAnswer<R>>;
  /** Begins the content at DATA or the first BDAT. A Refusal here is sent instead of 354. */
  data(facts: SessionFacts, transaction: Transaction<S, R>): Promise<DataHandler>;
  /** Records that MAIL, RCPT or content was refused, by this Backend or by the session itself. Must not throw. */
  refused?(facts: SessionFacts, mail: RefusedMail): void;
  /** Ends a transaction without `data`: RSET, new EHLO, STARTTLS, or the connection ended. */
  reset(facts: SessionFacts, transaction: Transaction<S, R>): void;
  /** Ends the session. Called exactly once, also when `greet` refused. */
  closed(facts: SessionFacts): void;
}
