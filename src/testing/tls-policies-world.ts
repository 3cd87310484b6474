import { defaultLimits, TlsPolicies } from '#mail/tls-policies';
import { FakeClock } from './fake-clock.ts';
import { FakeFetcher } from './fake-fetcher.ts';
import { FakeLog } from './fake-log.ts';
import { FakeResolver, type FakeResolverOptions, type FakeZone } from './fake-resolver.ts';
import { serverDatabase } from './store-databases.ts';

/** `TlsPolicies` with everything around it faked. */
export class TlsPoliciesWorld implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly fetcher = new FakeFetcher();
  readonly db = serverDatabase();
  readonly policies: TlsPolicies;
  /** May be changed: DNS as it is from now on. */
  dns: FakeResolver;

  constructor(
    zone: FakeZone = {},
    options: FakeResolverOptions = {},
    limits: Partial<Record<keyof typeof defaultLimits, number>> = {},
  ) {
    this.dns = new FakeResolver(zone, options);
    const { clock, log, fetcher, db } = this;
    this.policies = new TlsPolicies({
      resolver: { query: (name, type, signal) => this.dns.query(name, type, signal) },
      clock,
      log,
      fetcher,
      db,
      limits: { ...defaultLimits, ...limits },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.policies[Symbol.asyncDispose]();
    await this.db[Symbol.asyncDispose]();
  }
}
