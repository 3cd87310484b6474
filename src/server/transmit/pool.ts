import type { SessionTls } from '#mail/mail-hosts';
import type { Clock } from '#ports/clock';
import type { TlsSession } from '#ports/channel';
import type { SmtpClient } from '#proto/smtp-client';
import { defaultPoolLimits, type PoolLimits } from './limits.ts';

/** A connection that carries one message after another, and waits in the pool between them. */
export interface PooledConnection {
  readonly client: SmtpClient;
  readonly tls: TlsSession | null;
  /** The same for judging. */
  readonly session: SessionTls;
  /** By the monotonic clock. */
  readonly madeMs: number;
  /** Messages over it so far. */
  messages: number;
}

interface Waiting {
  readonly connection: PooledConnection;
  readonly sinceMs: number;
}

/**
 * Connections that wait a few seconds for another message to the same address of a host. No message waits for a connection: when there is none in the pool, one is made.
 * One timer serves all, and only while some wait.
 */
export class ConnectionPool implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #limits: PoolLimits;
  /** By key; of each list the last came last. */
  readonly #waiting = new Map<string, Waiting[]>();
  #count = 0;
  /** Saying goodbye. */
  readonly #leaving = new Map<SmtpClient, Promise<void>>();
  readonly #owners = new WeakMap<object, number>();
  #lastOwner = 0;
  #timer: Disposable | null = null;
  #isClosed = false;

  constructor({ clock, limits }: { readonly clock: Clock; readonly limits?: Partial<PoolLimits> }) {
    this.#clock = clock;
    this.#limits = { ...defaultPoolLimits, ...limits };
  }

  /** Names what connections are shared by: one and the same object, and a text. */
  key(owner: object, text: string): string {
    let id = this.#owners.get(owner);
    if (id === undefined) {
      this.#lastOwner += 1;
      id = this.#lastOwner;
      this.#owners.set(owner, id);
    }
    return `${id} ${text}`;
  }

  /** Takes the connection that waited least and fits, null when none does. */
  take(key: string, fits: (connection: PooledConnection) => boolean): PooledConnection | null {
    const list = this.#waiting.get(key);
    if (list === undefined) return null;
    const oldestMs = this.#clock.monotonic() - this.#limits.maxAgeMs;
    const at = list.findLastIndex(
      ({ connection }) => connection.client.isUsable && connection.madeMs > oldestMs && fits(connection),
    );
    if (at < 0) return null;
    const [found] = list.splice(at, 1);
    this.#count -= 1;
    if (list.length === 0) this.#waiting.delete(key);
    return found?.connection ?? null;
  }

  /** Keeps a connection for another message, or says goodbye when there are too many. */
  give(key: string, connection: PooledConnection): void {
    const { maxWaiting, maxWaitingForSame, lookMs } = this.#limits;
    const list = this.#waiting.get(key) ?? [];
    if (this.#isClosed || this.#count >= maxWaiting || list.length >= maxWaitingForSame) {
      this.quit(connection.client);
      return;
    }
    if (list.length === 0) this.#waiting.set(key, list);
    list.push({ connection, sinceMs: this.#clock.monotonic() });
    this.#count += 1;
    this.#timer ??= this.#clock.timer(lookMs, () => this.#look());
  }

  /** Says QUIT and closes the connection in the background. */
  quit(client: SmtpClient): void {
    const left = client.quit().finally(() => this.#leaving.delete(client));
    this.#leaving.set(client, left);
  }

  /** Ends everything that waits, politely where it is quick. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    for (const list of this.#waiting.values()) for (const { connection } of list) this.quit(connection.client);
    this.#waiting.clear();
    this.#count = 0;
    if (this.#leaving.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.timer(this.#limits.closeMs, resolve);
    await Promise.race([promise, Promise.all(this.#leaving.values())]);
    for (const client of this.#leaving.keys()) client.destroy();
  }

  /** Lets those go that waited long enough. */
  #look(): void {
    this.#timer = null;
    const lateMs = this.#clock.monotonic() - this.#limits.idleMs;
    for (const [key, list] of this.#waiting) {
      const stay = list.findIndex(({ sinceMs }) => sinceMs > lateMs);
      const gone = list.splice(0, stay < 0 ? list.length : stay);
      this.#count -= gone.length;
      for (const { connection } of gone) this.quit(connection.client);
      if (list.length === 0) this.#waiting.delete(key);
    }
    if (this.#count > 0) this.#timer = this.#clock.timer(this.#limits.lookMs, () => this.#look());
  }
}
