import type { Address, ForwardPath } from '#lib/address';
import type { MechanismName } from '#lib/sasl';
import type { Secret } from '#lib/secret';
import type { Extensions, Notify, Reply } from '#lib/smtp';
import type { ClientTls, TlsSession } from '#ports/channel';

/**
 * Why something failed without the server saying no. Of the connection: `closed`, `timeout`, `tls`, `protocol` (its bytes are no SMTP, or out of order).
 * Of what it offers: `noStartTls` (TLS is required), `size`, `smtputf8`, `8bitmime`, `requiretls`, `auth` (no mechanism in common, or the server did not prove itself).
 * Of our login: `login` (the server refused it, and said more than its reply does).
 * Of ours, nothing was delivered then: `content` (the message has a bare CR or LF), `unreadable` (it could not be read just now).
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

/** The command that was answered, or was to be. */
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

/** The server said no. The reply's code tells 4xx from 5xx. */
export interface RefusedOutcome {
  readonly kind: 'refused';
  readonly stage: ClientStage;
  readonly reply: Reply;
}

/** It did not come to an answer. */
export interface FailedOutcome {
  readonly kind: 'failed';
  readonly stage: ClientStage;
  readonly failure: FailureKind;
  /** For logs and reports. */
  readonly reason: string;
  /** Error that was thrown, for logs alone, since it may describe this machine. */
  readonly cause?: unknown;
  /** The server has got everything and not answered, so it may deliver the message; left out where it surely does not. */
  readonly mayBeTaken?: true;
}

/** Result of `open`. */
export type OpenOutcome =
  | {
      readonly kind: 'ready';
      readonly extensions: Extensions;
      readonly tls: TlsSession | null;
      /** The answer to STARTTLS when it was offered, refused, and gone without. */
      readonly startTlsRefusal: Reply | null;
    }
  | RefusedOutcome
  | FailedOutcome;

/** Outcome of one recipient. `accepted` carries the server's reply to the content: from now on it is the server's to deliver. */
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
  /** Null for the null reverse-path. */
  readonly from: Address | null;
  readonly recipients: readonly MailRecipient[];
  /** Size of the content, checked against SIZE. */
  readonly sizeBytes: number;
  /** The content has octets above 127. */
  readonly eightBit: boolean;
  /** A header field needs SMTPUTF8. Addresses of the envelope that need it are found by the client. */
  readonly smtputf8: boolean;
  /** Must travel with REQUIRETLS (RFC 8689). */
  readonly requireTls: boolean;
  /** Sends 8-bit content even to a server without 8BITMIME, as nearly all accept it. */
  readonly eightBitAnyway?: boolean;
  /** Sent when the server has DSN (RFC 3461 §4.3, §4.4). */
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  /** The message with CRLF line ends; called once for each transaction that the server's limits call for. */
  content(): AsyncIterable<Uint8Array>;
}

/** Demand on TLS before mail is sent. `none`: leave the connection as it is, also when TLS is on already. */
export type ClientTlsMode =
  | { readonly mode: 'none' }
  /** STARTTLS when offered. A failed handshake ends the connection: the caller decides whether to come again without. */
  | { readonly mode: 'opportunistic'; readonly tls: ClientTls }
  /** STARTTLS even when not offered, since an attacker may have removed the offer. */
  | { readonly mode: 'required'; readonly tls: ClientTls };

/** Credentials of a client. */
export interface ClientCredentials {
  /** Left empty where the client certificate says all (EXTERNAL). */
  readonly login: string;
  /** Null when there is none. */
  readonly password: Secret | null;
  /** OAuth access token, for OAUTHBEARER and XOAUTH2; never shown without TLS. */
  readonly token?: Secret;
  /** The server as it was dialed, which OAUTHBEARER tells along (RFC 7628 §3.1). */
  readonly server?: { readonly host: string; readonly port: number };
  /** Exactly which mechanisms may be used; all but EXTERNAL when left out. Of these, the most secure that the server offers is used. */
  readonly mechanisms?: readonly MechanismName[];
  /** Lets PLAIN and LOGIN show the password on a connection without TLS. */
  readonly allowClear?: boolean;
}
