import type { ServerKind } from './backend.ts';
import type { SessionLimits } from './limits.ts';

/** Offers and demands of one listener. */
export interface SessionOptions {
  readonly kind: ServerKind;
  /** Our name in the banner and in the reply to EHLO; an A-label. */
  readonly hostname: string;
  /** STARTTLS is offered until TLS is active: the channel can do it. */
  readonly startTls: boolean;
  /** Logins are accepted without TLS; with TLS they always are. */
  readonly authWithoutTls: boolean;
  /** MAIL is refused with 530 before TLS is active (RFC 3207 §4). */
  readonly mailNeedsTls: boolean;
  /** DSN (RFC 3461 §3) is offered: the backend honours NOTIFY, ORCPT, RET and ENVID. */
  readonly dsn: boolean;
  /** FUTURERELEASE (RFC 4865 §3) is offered; only submission ports may (RFC 4865 §4.2). */
  readonly futureRelease: boolean;
  /** REQUIRETLS (RFC 8689 §2) is offered under TLS. */
  readonly requireTls: boolean;
  /** Harmless mistakes of clients are refused too. */
  readonly pedantic: boolean;
  /** A bare CR in content reaches the Backend, which encodes or refuses it. Default false: the content is refused (RFC 5321 §2.3.8). */
  readonly passesBareCr?: boolean;
  /** Accepts the malformed input that programs of developers send; for a server that relays nothing. Default false. */
  readonly lenient?: boolean;
  /** Differences from `defaultSessionLimits`. */
  readonly limits?: Partial<SessionLimits>;
}
