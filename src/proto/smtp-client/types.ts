import type { Address, ForwardPath } from '#lib/address';
import type { MechanismName } from '#lib/sasl';
import type { Secret } from '#lib/secret';
import type { Extensions, Notify, Reply } from '#lib/smtp';
import type { ClientTls, TlsSession } from '#ports/channel';

/**
 * Kinds of failures other than a negative reply.
 * Connection: `closed`, `timeout`, `tls`, `protocol` (not SMTP, or out of order).
 * Extensions: `noStartTls` (TLS is required), `size`, `smtputf8`, `8bitmime`, `requiretls`, `auth` (no mechanism in common, or the server did not prove itself).
 * Login: `login` (the server refused it, and sent more details than its reply has).
 * Our side, nothing was delivered: `content` (the message has a bare CR or LF), `unreadable` (it could not be read).
 */
export type FailureKind =
  | 'closed'
  | 'timeout'
  | 'tls'
  | 'noStartTls'
  | 'protocol'
  | 'size'
  | 'smtputf8'
  | '8bitmime'
  | 'requiretls'
  | 'auth'
  | 'login'
  | 'content'
  | 'unreadable';

/** Step of the session at which the outcome was decided. */
export type ClientStage =
  | 'greeting'
  | 'hello'
  | 'starttls'
  | 'auth'
  | 'reset'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'content'
  | 'quit';

/** Outcome of a negative reply: 4xx is transient, 5xx permanent (RFC 5321 §4.2.1). */
export interface RefusedOutcome {
  readonly kind: 'refused';
  readonly stage: ClientStage;
  readonly reply: Reply;
}

/** Outcome of a failure before a reply. */
export interface FailedOutcome {
  readonly kind: 'failed';
  readonly stage: ClientStage;
  readonly failure: FailureKind;
  /** For logs and reports. */
  readonly reason: string;
  /** Error that was thrown, for logs only, since it may describe this machine. */
  readonly cause?: unknown;
  /** Set when the server has received everything and not replied, so that it may deliver the message (RFC 5321 §4.5.3.2.6). */
  readonly mayBeTaken?: true;
}

/** Result of `open`. */
export type OpenOutcome =
  | {
      readonly kind: 'ready';
      readonly extensions: Extensions;
      readonly tls: TlsSession | null;
      /** Reply that refused STARTTLS although it was offered, when the session continues without TLS. */
      readonly startTlsRefusal: Reply | null;
    }
  | RefusedOutcome
  | FailedOutcome;

/** Outcome of one recipient. `accepted` carries the server's reply to the content, with which it takes responsibility (RFC 5321 §4.2.5). */
export type RecipientOutcome = { readonly kind: 'accepted'; readonly reply: Reply } | RefusedOutcome | FailedOutcome;

/** One recipient with its outcome, in the order of the request. */
export interface RecipientResult {
  readonly address: ForwardPath;
  readonly outcome: RecipientOutcome;
}

/** One recipient of a message. */
export interface MailRecipient {
  readonly address: ForwardPath;
  /** Sent when the server has DSN (RFC 3461 §4.1). */
  readonly notify?: Notify;
  /** Sent when the server has DSN (RFC 3461 §4.2). */
  readonly orcpt?: { readonly type: string; readonly address: string };
}

/** One message for one or more recipients. */
export interface OutgoingMail {
  /** Null for the null reverse-path (RFC 5321 §4.5.5). */
  readonly from: Address | null;
  readonly recipients: readonly MailRecipient[];
  /** Size of the content, checked against SIZE. */
  readonly sizeBytes: number;
  /** The content has octets above 127. */
  readonly eightBit: boolean;
  /** A header field needs SMTPUTF8. Addresses of the envelope that need it are found by the client. */
  readonly smtputf8: boolean;
  /** Must be sent with REQUIRETLS (RFC 8689 §4.2.1). */
  readonly requireTls: boolean;
  /** Sends 8-bit content even to a server without 8BITMIME, as nearly all accept it. */
  // deviates: RFC 6152 §3 says that a client must not, under any circumstances. Converting is impossible where it would break a signature.
  readonly eightBitAnyway?: boolean;
  /** Sent when the server has DSN (RFC 3461 §4.3, §4.4). */
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  /** Returns the message with CRLF line ends; called once for each transaction that the server's limits require. */
  content(): AsyncIterable<Uint8Array>;
}

/** Requirement for TLS before mail is sent. `none` does not change the connection, which may have TLS already. */
export type ClientTlsMode =
  | { readonly mode: 'none' }
  /** STARTTLS when offered. A failed handshake ends the connection: the caller decides on a retry without TLS (RFC 3207 §6). */
  | { readonly mode: 'opportunistic'; readonly tls: ClientTls }
  /** STARTTLS even when not offered, since an attacker may have removed the offer (RFC 3207 §6). */
  | { readonly mode: 'required'; readonly tls: ClientTls };

/** Credentials of a client. */
export interface ClientCredentials {
  /** Empty where the client certificate identifies the user (EXTERNAL). */
  readonly login: string;
  /** Null when there is none. */
  readonly password: Secret | null;
  /** OAuth access token, for OAUTHBEARER and XOAUTH2; never sent without TLS. */
  readonly token?: Secret;
  /** The server as it was dialed, which OAUTHBEARER includes (RFC 7628 §3.1). */
  readonly server?: { readonly host: string; readonly port: number };
  /** Mechanisms that may be used; all except EXTERNAL when left out. The most secure that the server offers is used. */
  readonly mechanisms?: readonly MechanismName[];
  /** Permits PLAIN and LOGIN to send the password without TLS. */
  readonly allowClear?: boolean;
}
