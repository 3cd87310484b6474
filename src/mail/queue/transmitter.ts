import type { Address } from '#lib/address';
import type { AccountId, RecipientId } from '#lib/ids';
import type { Secret } from '#lib/secret';
import type { TransportConfig } from '#mail/config';
import type { RouteTarget } from '#mail/routes';
import type { SessionRecord } from './session-record.ts';

/** An SMTP reply as a remote host gave it (RFC 5321 §4.2). */
export interface RemoteReply {
  /** Three-digit reply code. */
  readonly code: number;
  /** Enhanced status code such as `5.1.1` (RFC 3463 §2), null when the host gave none. */
  readonly enhanced: string | null;
  /** Text of all lines without codes, joined with `\n`. */
  readonly text: string;
}

/** The host that an attempt reached. */
export interface RemoteHost {
  /** Host name, or an address literal. */
  readonly name: string;
  /** IP address, null when no connection was tried. */
  readonly ip: string | null;
  /** TLS and dialogue of the connection; null or left out when there was none. */
  readonly session?: SessionRecord | null;
}

/** Outcome of one recipient in one attempt. */
export type DeliveryOutcome =
  | {
      readonly kind: 'delivered';
      readonly reply: RemoteReply;
      readonly remote: RemoteHost;
      /** True when this was the final delivery into a mailbox, false when another server took the message over. */
      readonly final: boolean;
      /** True when the remote host accepted the DSN parameters, so that success notices are its duty (RFC 3461 §5.2.1). */
      readonly dsnPassedOn: boolean;
    }
  | {
      readonly kind: 'deferred';
      /** One line for people: why it did not work now. */
      readonly reason: string;
      /** Null when there was no SMTP reply (DNS, connection, TLS trouble). */
      readonly reply: RemoteReply | null;
      /** Enhanced status code of class 4 to report when there is no reply; `4.4.1` when left out. */
      readonly status?: string;
      readonly remote: RemoteHost | null;
      /** The server of the transport refused our login, which says nothing of the message: other messages need not try. */
      readonly isLoginRefused?: true;
    }
  | {
      readonly kind: 'refused';
      /** One line for people: why it will never work. */
      readonly reason: string;
      /** Null when it was refused before a host replied, such as for a domain that does not exist. */
      readonly reply: RemoteReply | null;
      /** Enhanced status code to report when there is no reply; always starts with `5.`. */
      readonly status: string;
      readonly remote: RemoteHost | null;
      /** Command that the reply answered, when known: the sender, one recipient, or the message for all its recipients. */
      readonly stage?: 'mail' | 'rcpt' | 'data';
    };

/** Bytes of a queued message, prefix and body as one; valid while the attempt runs. */
export interface OutgoingContent {
  readonly sizeBytes: number;
  /** Bytes from `start` (inclusive) to `end` (exclusive), clamped to the size. */
  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array>;
  /** All bytes in order, in chunks of bounded size. */
  stream(): AsyncIterable<Uint8Array>;
}

/** A recipient of a transmission. */
export interface OutgoingRecipient {
  readonly id: RecipientId;
  readonly address: Address;
  /** NOTIFY bits (see `Notify`); 0 when the submitter said nothing. */
  readonly notify: number;
  /** ORCPT parameter as given, such as `rfc822;user@example.org` (RFC 3461 §4.2), null when absent. */
  readonly orcpt: string | null;
  /** Attempts that ended before this one. */
  readonly attempts: number;
}

/** One SMTP transaction to make: one message, recipients of one lane. */
export interface Transmission {
  readonly route: RouteTarget;
  readonly account: AccountId | null;
  /** Null for the null reverse-path. */
  readonly sender: Address | null;
  readonly recipients: readonly OutgoingRecipient[];
  readonly content: OutgoingContent;
  readonly has8bit: boolean;
  readonly smtputf8: boolean;
  /** `required`: REQUIRETLS (RFC 8689 §2); `optional`: `TLS-Required: No`; `default`: local policy. */
  readonly tls: 'default' | 'required' | 'optional';
  /** ENVID and RET parameters (RFC 3461 §4.3, §4.4), null when absent. */
  readonly envid: string | null;
  readonly ret: 'full' | 'hdrs' | null;
  /** Aborted when the attempt takes too long, with a reason for people, or the server stops. */
  readonly signal: AbortSignal;
  /** Time in ms for the attempt from its beginning, so that the hosts to try can share it. */
  readonly timeLimitMs?: number;
}

/** Carries a message out of the queue. Implemented over the SMTP client; by a fake in tests. */
export interface Transmitter {
  /**
   * Makes one transaction (or several, when the host wants fewer recipients in each).
   * @returns one outcome per recipient, in their order. A rejected promise counts as deferred for all of them.
   */
  transmit(transmission: Transmission): Promise<readonly DeliveryOutcome[]>;
  /** The secret that a transport logs in with as it is now; null for none. @throws Error when it cannot be read. */
  loginSecret?(transport: TransportConfig): Promise<Secret | null>;
}
