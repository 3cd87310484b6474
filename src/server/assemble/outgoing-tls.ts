import { TlsPolicies } from '#mail/tls-policies';
import type { Resolver } from '#ports/resolver';
import type { Services } from './services.ts';

const sweepMs = 5 * 60_000;

/** Demands on TLS to other servers, kept up to date every few minutes until disposed. */
export class OutgoingTls implements AsyncDisposable {
  readonly policies: TlsPolicies;
  readonly #services: Services;
  #timer: Disposable | null = null;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(services: Services, resolver: Resolver) {
    const { databases, parts, clock, log } = services;
    const fetcher = parts.fetcher(resolver);
    this.#services = services;
    this.policies = new TlsPolicies({ db: databases.server, resolver, fetcher, clock, log });
    this.#arm();
  }

  /** Ends fetches under way and writes what waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    await this.policies[Symbol.asyncDispose]();
    await this.#running;
  }

  #arm(): void {
    if (this.#isClosed) return;
    this.#timer = this.#services.clock.timer(sweepMs, () => {
      this.#running = this.#sweep().finally(() => this.#arm());
    });
  }

  async #sweep(): Promise<void> {
    const { log } = this.#services;
    try {
      log.debug('tlsPolicies.swept', await this.policies.sweep());
    } catch (error) {
      log.error('tlsPolicies.sweepFailed', {}, error);
    }
  }
}
