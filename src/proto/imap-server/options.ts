import type { Identity, MechanismName } from '#lib/sasl';
import type { Channel } from '#ports/channel';
import type { Clock } from '#ports/clock';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { ImapBackend } from './backend.ts';
import type { ImapServerLimits } from './limits.ts';

/** Options of a listener's sessions. */
export interface ImapServerOptions {
  /** The server's name, for the greeting and for challenges. */
  readonly hostname: string;
  /** STARTTLS is offered on connections without TLS. */
  readonly startTls: boolean;
  /** Logins are accepted without TLS; for tests and local servers only (RFC 9051 §11.1). */
  readonly allowClearPasswords: boolean;
  /** Mechanisms offered, where the connection allows them, in this order. */
  readonly mechanisms: readonly MechanismName[];
  /** Identity that the peer has already proved, for `* PREAUTH` (RFC 9051 §7.1.4); null for all others. */
  readonly preauthenticated: Identity | null;
  /** Answer to ID before (`name` only) and after login (RFC 2971 §3.1). */
  readonly serverId: ReadonlyMap<string, string>;
  readonly limits: ImapServerLimits;
}

/** Dependencies of a session. */
export interface ImapServerDeps {
  readonly channel: Channel;
  readonly backend: ImapBackend;
  readonly clock: Clock;
  readonly loop: EventLoop;
  readonly random: Random;
  readonly log: Log;
  /** Aborted, with an Error whose message is for people, when the server shuts down or the account is removed: after the current command the session sends it with BYE (RFC 9051 §7.1.5). */
  readonly shutdown: AbortSignal;
  readonly options: ImapServerOptions;
}
