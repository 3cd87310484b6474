import { parseIp, type IpAddress } from '#lib/domain';
import { ConcurrencyLimit, EventLimit, isInNetwork, parseNetwork, type Network } from '#lib/ratelimit';
import type { Clock } from '#ports/clock';

/** What admission needs. */
export interface AdmissionDeps {
  readonly clock: Clock;
  /** Networks without limits, in CIDR notation; checked by the configuration. */
  readonly trustedNetworks: readonly string[];
  /** Networks of this machine itself, whose connections are not limited: the queue delivers from there. Their failed logins are counted. */
  readonly ownNetworks?: readonly string[];
}

/** A place that a connection holds until it is disposed, or why it got none. */
export type Admitted =
  | { readonly kind: 'admitted'; readonly place: Disposable }
  | { readonly kind: 'tooFast' }
  | { readonly kind: 'tooMany' };

const free: Disposable = { [Symbol.dispose]: () => undefined };
const dayMs = 86_400_000;

/** Limits of one process (M§1.2, M§14.3): connections a minute and at once per protocol, failed logins over all protocols. */
export class Admission {
  readonly #clock: Clock;
  readonly #trusted: readonly Network[];
  readonly #own: readonly Network[];
  readonly #connections = { smtp: newConnectionLimits(), imap: newConnectionLimits() };
  readonly #failedLogins = new EventLimit([
    { windowMs: 60_000, limits: [10, 30, 90] },
    { windowMs: dayMs, limits: [50, 150, 450] },
  ]);

  constructor({ clock, trustedNetworks, ownNetworks = [] }: AdmissionDeps) {
    this.#clock = clock;
    this.#trusted = networksOf(trustedNetworks);
    this.#own = networksOf(ownNetworks);
  }

  /** Counts a connection of a protocol and takes a place for it. */
  connect(protocol: 'smtp' | 'imap', remoteAddress: string): Admitted {
    const ip = this.#limited(remoteAddress);
    if (ip === null || isInAny(this.#own, ip)) return { kind: 'admitted', place: free };
    const { rate, places } = this.#connections[protocol];
    if (!rate.take(ip, this.#clock.now())) return { kind: 'tooFast' };
    const place = places.enter(ip);
    return place === null ? { kind: 'tooMany' } : { kind: 'admitted', place };
  }

  /** Whether an address may try to log in: it, and the networks around it, did not fail too often. */
  mayLogIn(remoteAddress: string): boolean {
    const ip = this.#limited(remoteAddress);
    return ip === null || this.#failedLogins.allows(ip, this.#clock.now());
  }

  /** Notes the end of a login: success forgets the failures of the address. */
  noteLogin(remoteAddress: string, succeeded: boolean): void {
    const ip = this.#limited(remoteAddress);
    if (ip === null) return;
    if (succeeded) this.#failedLogins.clear(ip);
    else this.#failedLogins.count(ip, this.#clock.now());
  }

  #limited(remoteAddress: string): IpAddress | null {
    const ip = parseIp(remoteAddress);
    if (!ip.ok || isInAny(this.#trusted, ip.value)) return null;
    return ip.value;
  }
}

function networksOf(texts: readonly string[]): Network[] {
  return texts.map((text) => parseNetwork(text)).flatMap((network) => (network.ok ? [network.value] : []));
}

function isInAny(networks: readonly Network[], ip: IpAddress): boolean {
  return networks.some((network) => isInNetwork(network, ip));
}

/** Limits on the connections of one protocol. */
function newConnectionLimits(): { readonly rate: EventLimit; readonly places: ConcurrencyLimit } {
  return {
    rate: new EventLimit([{ windowMs: 60_000, limits: [300, 900, 2700] }]),
    places: new ConcurrencyLimit([30, 90, 270]),
  };
}
