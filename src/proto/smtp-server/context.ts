import type { Identity, MechanismName } from '#lib/sasl';
import type { Reply, ReplyStyle } from '#lib/smtp';
import type { Clock } from '#ports/clock';
import type { Endpoint, TlsSession } from '#ports/channel';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Backend, Hello, ServerKind, SessionFacts } from './backend.ts';
import { defaultSessionLimits, type SessionLimits } from './limits.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionOptions } from './options.ts';
import type { DataTransfer } from './data-transfer.ts';
import { Refusal } from './refusal.ts';
import { Wire } from './wire.ts';

/** Stage of the session; commands name the stages in which they are legal. */
export type Stage = 'connected' | 'greeted' | 'mail' | 'rcpt' | 'bdat';

/** State of one session that command handlers work on: the peer's state, the wire, the Backend. */
export class Context implements SessionFacts {
  readonly id: string;
  readonly wire: Wire;
  readonly backend: Backend;
  readonly options: SessionOptions;
  readonly limits: SessionLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  hello: Hello | null = null;
  identity: Identity | null = null;
  mechanism: MechanismName | null = null;
  transaction: OpenTransaction | null = null;
  /** Content that arrives by BDAT. */
  transfer: DataTransfer | null = null;
  /** MAIL or content was refused, so commands pipelined after it fail (RFC 2920 §3.1) and do not count as mistakes. */
  wasRefused = false;
  /** True when the connection ends after the queued replies. */
  isClosing = false;
  /** True when the current command ended with a bare LF. */
  isLfOnly = false;
  badCommands = 0;
  idleCommands = 0;
  smallChunks = 0;
  transactions = 0;
  accepted = 0;
  badTransactions = 0;
  badRecipients = 0;
  authFailures = 0;
  /** Number of refused messages since the last login, consecutive or not. */
  rejects = 0;
  /** Aborted when the login has ended, with a reason for the user; null before a login and for those that do not end. */
  loginEnded: AbortSignal | null = null;
  readonly #onLoginEnded: () => void;
  #hasRefused = false;

  constructor(deps: {
    readonly id: string;
    readonly wire: Wire;
    readonly backend: Backend;
    readonly options: SessionOptions;
    readonly limits: SessionLimits;
    readonly clock: Clock;
    readonly log: Log;
    readonly random: Random;
    /** Called when the login has ended. */
    readonly onLoginEnded: () => void;
  }) {
    this.id = deps.id;
    this.wire = deps.wire;
    this.backend = deps.backend;
    this.options = deps.options;
    this.limits = deps.limits;
    this.clock = deps.clock;
    this.log = deps.log;
    this.random = deps.random;
    this.#onLoginEnded = deps.onLoginEnded;
  }

  get kind(): ServerKind {
    return this.options.kind;
  }

  get remote(): Endpoint {
    return this.wire.channel.remote;
  }

  get local(): Endpoint {
    return this.wire.channel.local;
  }

  get tls(): TlsSession | null {
    return this.wire.channel.tls;
  }

  get stage(): Stage {
    if (this.hello === null) return 'connected';
    if (this.transfer !== null) return 'bdat';
    if (this.transaction === null) return 'greeted';
    return this.transaction.recipients.length === 0 ? 'mail' : 'rcpt';
  }

  /** Pause before our next reply that the peer has earned, in milliseconds; 0 for none. */
  get pauseMs(): number {
    const { slowAfter, slowMs, wasteMs, maxBadCommands, maxIdleCommands, maxSmallChunks } = this.limits;
    if (this.authFailures >= slowAfter || this.rejects >= slowAfter) return slowMs;
    const isWasteful =
      this.badCommands * 4 > maxBadCommands ||
      this.idleCommands * 4 > maxIdleCommands ||
      this.smallChunks * 4 > maxSmallChunks;
    return isWasteful ? wasteMs : 0;
  }

  /**
   * Queues a reply that refuses, with the connection id appended so that the log entry can be found from a bounce.
   * The first refusal of a connection is logged at `info`, later ones at `debug`, so that a peer cannot fill the log.
   */
  refuse(reply: Reply, style?: ReplyStyle): void {
    const { code, enhanced, lines: said } = reply;
    const fields = { remoteAddress: this.remote.address, code, enhanced, text: said.join(' ') };
    if (this.#hasRefused) this.log.debug('smtp.refused', fields);
    else this.log.info('smtp.refused', fields);
    this.#hasRefused = true;
    const last = reply.lines.length - 1;
    const lines = reply.lines.map((line, i) => (i === last ? `${line} (${this.id})` : line));
    this.wire.reply({ ...reply, lines }, style);
  }

  /** Ends the session with a login. */
  followLogin(ended: AbortSignal): void {
    this.loginEnded = ended;
    if (!ended.aborted) ended.addEventListener('abort', this.#onLoginEnded, { once: true });
  }

  /** Ends the transaction: notifies the Backend and drops content that was begun. */
  reset(): void {
    const { transfer, transaction } = this;
    this.transfer = null;
    this.transaction = null;
    this.wasRefused = false;
    if (transfer !== null) transfer.abort();
    else if (transaction !== null) this.backend.reset(this, transaction);
  }

  /** Counts the outcome of one message. Refused ones slow our replies, and MAIL disconnects peers that never send an acceptable one. */
  countMessage(isAccepted: boolean): void {
    if (isAccepted) {
      this.accepted++;
      this.idleCommands = 0;
      this.smallChunks = 0;
      return;
    }
    this.rejects++;
    this.badTransactions++;
  }

  /** Counts a mistake of the peer. RFC 5321 §7.8 permits servers to defend themselves by closing the connection. @throws Refusal past the limit. */
  countBadCommand(): void {
    const { maxBadCommands: most } = this.limits;
    if (++this.badCommands >= most) throw new Refusal(421, '4.7.0', `too many bad commands: the limit is ${most}`);
  }

  /** Counts a BDAT chunk, because even an empty one costs a reply. @throws Refusal past the limit of small ones. */
  countChunk(sizeBytes: number, isLast: boolean): void {
    if (isLast || sizeBytes >= this.limits.smallChunkBytes) return;
    const { maxSmallChunks: most, smallChunkBytes } = this.limits;
    if (++this.smallChunks > most)
      throw new Refusal(421, '4.7.0', `too many chunks of under ${smallChunkBytes} bytes: the limit is ${most}`);
  }

  /** Counts a command that makes no progress. @throws Refusal past the limit. */
  countIdleCommand(): void {
    const { maxIdleCommands: most } = this.limits;
    if (++this.idleCommands > most)
      throw new Refusal(421, '4.7.0', `too many commands without mail: the limit is ${most}`);
  }
}

/** Limits by the options that they were made from, which the sessions of a port share. */
const madeLimits = new WeakMap<SessionOptions, SessionLimits>();

/** Returns the limits of `options`, completed with defaults. */
export function sessionLimits(options: SessionOptions): SessionLimits {
  let limits = madeLimits.get(options);
  if (limits === undefined) {
    limits = { ...defaultSessionLimits, ...options.limits };
    madeLimits.set(options, limits);
  }
  return limits;
}
