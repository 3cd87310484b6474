import type { Clock } from '#ports/clock';
import type { OpenLogin } from '#server/admission';
import type { PushLimits } from './limits.ts';

/** A client that is connected for long. */
export interface PushClient {
  /** Called once a second. */
  tick(nowMs: number): void;
  /** Called when the login that opened the connection no longer holds. */
  onLogout(): void;
}

/** Dependencies of `PushClients`. */
interface PushClientsDeps {
  readonly clock: Clock;
  readonly limits: PushLimits;
}

/** Place of a client among those that are connected, until it is disposed. */
export interface PushPlace extends Disposable {
  /** Puts the client there. */
  take(client: PushClient): void;
}

const tickMs = 1000;

/** The clients that are connected for long, over event streams (RFC 8620 §7.3) and WebSockets (RFC 8887 §4.3.5): counted, ended with their logins, and with one timer for all of them. */
export class PushClients {
  readonly #deps: PushClientsDeps;
  readonly #places = new Set<Place>();
  readonly #counts = new Map<string, number>();
  #timer: Disposable | null = null;

  constructor(deps: PushClientsDeps) {
    this.#deps = deps;
  }

  /** Reports whether a client of an account would find a place. */
  hasRoom(account: string): boolean {
    const { maxAccountClients, maxClients } = this.#deps.limits;
    return (this.#counts.get(account) ?? 0) < maxAccountClients && this.#places.size < maxClients;
  }

  /** Finds a place for a client of an account, and holds its login open; null when there is none. */
  enter(account: string, openLogin: () => OpenLogin): PushPlace | null {
    if (!this.hasRoom(account)) return null;
    const place = new Place(openLogin(), () => this.#drop(place, account));
    this.#counts.set(account, (this.#counts.get(account) ?? 0) + 1);
    this.#places.add(place);
    if (this.#timer === null) this.#arm();
    return place;
  }

  #drop(place: Place, account: string): void {
    if (!this.#places.delete(place)) return;
    const count = (this.#counts.get(account) ?? 1) - 1;
    if (count > 0) this.#counts.set(account, count);
    else this.#counts.delete(account);
    if (this.#places.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  #arm(): void {
    const { clock } = this.#deps;
    this.#timer = clock.timer(tickMs, () => {
      this.#timer = null;
      const nowMs = clock.monotonic();
      for (const { client } of this.#places) client?.tick(nowMs);
      if (this.#places.size > 0) this.#arm();
    });
  }
}

/** One client with its login. */
class Place implements PushPlace {
  client: PushClient | null = null;
  readonly #login: OpenLogin;
  readonly #onDrop: () => void;

  constructor(login: OpenLogin, onDrop: () => void) {
    this.#login = login;
    this.#onDrop = onDrop;
  }

  take(client: PushClient): void {
    this.client = client;
    const { ended } = this.#login;
    if (ended.aborted) client.onLogout();
    else ended.addEventListener('abort', this.#onLogout, { once: true });
  }

  readonly #onLogout = (): void => this.client?.onLogout();

  [Symbol.dispose](): void {
    this.#login.ended.removeEventListener('abort', this.#onLogout);
    this.#login[Symbol.dispose]();
    this.#onDrop();
  }
}
