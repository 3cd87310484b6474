import { parseIp, type IpAddress } from '#lib/domain';
import { ConcurrencyLimit, EventLimit, Place } from '#lib/ratelimit';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { admissionLimits } from './admission-limits.ts';
import type { Lockout } from './lockouts.ts';
import { Networks } from './networks.ts';
import { LoginLimit, type LoginAdmission, type LoginAttempt } from './login-limit.ts';

/** Dependencies of admission. */
export interface AdmissionDeps {
  readonly clock: Clock;
  /** Gets the start of each lockout after failed logins. */
  readonly log?: Log;
  /** Networks without limits, in CIDR notation; checked by the configuration. */
  readonly trustedNetworks: readonly string[];
  /** Networks of this machine itself, whose connections are not limited: the queue delivers from there. Their failed logins are counted. */
  readonly ownNetworks?: readonly string[];
  /** Connections of all networks that are open at one time; by default without limit. */
  readonly maxConnections?: number;
}

/** A place that a connection holds until it is disposed, or why it got none. */
export type Admitted =
  | { readonly kind: 'admitted'; readonly place: Disposable }
  | { readonly kind: 'tooFast' }
  | { readonly kind: 'tooMany' };

const free: Disposable = { [Symbol.dispose]: () => undefined };
const freeAttempt: LoginAttempt = { ...free, failed: () => undefined, succeeded: () => undefined };
const dayMs = 86_400_000;

/** Limits of one process: connections a minute and at once per protocol, failed logins and unknown recipients over all of them. */
export class Admission {
  readonly #clock: Clock;
  readonly #trusted: Networks;
  readonly #own: Networks;
  /** By protocol. */
  readonly #connections = new Map<string, ConnectionLimits>();
  readonly #maxConnections: number;
  #open = 0;
  readonly #logins: LoginLimit;
  readonly #unknownRecipients = new EventLimit([
    { windowMs: 60_000, limits: admissionLimits.unknownRecipientsPerMinute },
    { windowMs: dayMs, limits: admissionLimits.unknownRecipientsPerDay },
  ]);

  constructor({ clock, log, trustedNetworks, ownNetworks = [], maxConnections = Infinity }: AdmissionDeps) {
    this.#maxConnections = maxConnections;
    this.#clock = clock;
    this.#logins = new LoginLimit(clock, log ?? null);
    this.#trusted = new Networks(trustedNetworks);
    this.#own = new Networks(ownNetworks);
  }

  /**
   * Takes a place among all connections of the process, from any address; null when there is none. A connection is asked for it before a
   * handshake, and before `connect`.
   */
  enter(): Disposable | null {
    if (this.#open >= this.#maxConnections) return null;
    this.#open += 1;
    return new Place(this.#leave);
  }

  readonly #leave = (): void => {
    this.#open -= 1;
  };

  /**
   * Counts a connection of a protocol and takes a place for it.
   * @param protocol  The `protocol` of a service: never a word of the peer.
   */
  connect(protocol: string, remoteAddress: string): Admitted {
    const ip = this.#stranger(remoteAddress);
    if (ip === null) return { kind: 'admitted', place: free };
    const { rate, places } = this.#limitsOf(protocol);
    if (!rate.take(ip, this.#clock.monotonic())) return { kind: 'tooFast' };
    const place = places.enter(ip);
    return place === null ? { kind: 'tooMany' } : { kind: 'admitted', place };
  }

  #limitsOf(protocol: string): ConnectionLimits {
    const known = this.#connections.get(protocol);
    if (known !== undefined) return known;
    const made = newConnectionLimits();
    this.#connections.set(protocol, made);
    return made;
  }

  /** Reports whether an address is in a network without limits. */
  isTrusted(remoteAddress: string): boolean {
    return parseIp(remoteAddress).ok && this.#limited(remoteAddress) === null;
  }

  /** Reports whether an address may try to log in: it, and the networks around it, did not fail too often. */
  mayLogIn(remoteAddress: string): boolean {
    const ip = this.#limited(remoteAddress);
    return ip === null || this.#logins.allows(ip);
  }

  /** Lockouts after failed logins that are in force, the latest first. */
  get lockouts(): readonly Lockout[] {
    return this.#logins.lockouts;
  }

  /** Begins a login, perhaps after others of its network have ended. */
  async beginLogin(remoteAddress: string): Promise<LoginAdmission> {
    const ip = this.#limited(remoteAddress);
    return ip === null ? { kind: 'admitted', attempt: freeAttempt } : this.#logins.begin(ip);
  }

  /** Counts a wrong token, or one that does not permit what was asked; each once. @param token  A hash of it. */
  noteFailedToken(remoteAddress: string, token: string): void {
    const ip = this.#limited(remoteAddress);
    if (ip !== null) this.#logins.failedToken(ip, token);
  }

  /** Reports whether an address may name recipients: it, and the networks around it, did not name too many that do not exist. */
  mayNameRecipients(remoteAddress: string): boolean {
    const ip = this.#stranger(remoteAddress);
    return ip === null || this.#unknownRecipients.allows(ip, this.#clock.monotonic());
  }

  /** Counts a recipient that does not exist. */
  noteUnknownRecipient(remoteAddress: string): void {
    const ip = this.#stranger(remoteAddress);
    if (ip !== null) this.#unknownRecipients.count(ip, this.#clock.monotonic());
  }

  /** The address, null for those on this machine and in trusted networks. */
  #stranger(remoteAddress: string): IpAddress | null {
    const ip = this.#limited(remoteAddress);
    return ip === null || this.#own.hasIp(ip) ? null : ip;
  }

  #limited(remoteAddress: string): IpAddress | null {
    const ip = parseIp(remoteAddress);
    if (!ip.ok || this.#trusted.hasIp(ip.value)) return null;
    return ip.value;
  }
}

/** Limits on the connections of one protocol. */
interface ConnectionLimits {
  readonly rate: EventLimit;
  readonly places: ConcurrencyLimit;
}

function newConnectionLimits(): ConnectionLimits {
  return {
    rate: new EventLimit([{ windowMs: 60_000, limits: admissionLimits.connectionsPerMinute }]),
    places: new ConcurrencyLimit(admissionLimits.openConnections),
  };
}
