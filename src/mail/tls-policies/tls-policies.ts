import {
  decideTls,
  factsOfSkipped,
  findTlsa,
  judgeTls,
  type HostTls,
  type MailHost,
  type MailHosts,
  type SessionEnds,
  type SessionTls,
  type TlsInputs,
  type TlsJudgement,
} from '#mail/mail-hosts';
import type { Clock } from '#ports/clock';
import type { Resolver } from '#ports/resolver';
import { defaultLimits, type TlsPolicyLimits } from './limits.ts';
import { StsPolicies, type StsPoliciesDeps } from './sts-policies.ts';
import { TlsResults } from './tls-results.ts';

/** Dependencies of `TlsPolicies`. */
export interface TlsPoliciesDeps extends Omit<StsPoliciesDeps, 'limits'> {
  readonly limits?: Partial<TlsPolicyLimits>;
}

/** One attempt to deliver to a domain. */
export interface DomainAttempt {
  /** A-labels, lower case, or an address literal in brackets. */
  readonly domain: string;
  /** Origin of its hosts: MX records, and whether they were DNSSEC-authentic. */
  readonly found: Pick<Extract<MailHosts, { kind: 'hosts' }>, 'mx' | 'expandedDomain'>;
  readonly wish: TlsInputs['wish'];
  readonly local: TlsInputs['local'];
}

/** TLS policies of a domain. Hosts are looked up one by one, when they are tried. */
export interface DomainTls {
  /** Looks up the TLSA records of one host, and decides whether and how to connect to it. @throws the signal's reason when aborted */
  forHost(host: MailHost, signal?: AbortSignal): Promise<HostTls>;
}

/** Port in the names of TLSA records (RFC 7672 §2.2.3): mail for a domain goes to no other. */
const smtpPort = 25;

/** TLS requirements for deliveries to other domains, and their results. */
export class TlsPolicies implements AsyncDisposable {
  /** Results for TLS reports. */
  readonly results: TlsResults;
  readonly #sts: StsPolicies;
  readonly #resolver: Resolver;
  readonly #clock: Clock;

  constructor({ limits, ...deps }: TlsPoliciesDeps) {
    const all = { ...defaultLimits, ...limits };
    this.#sts = new StsPolicies({ ...deps, limits: all });
    this.results = new TlsResults({ ...deps, limits: all });
    this.#resolver = deps.resolver;
    this.#clock = deps.clock;
  }

  /**
   * Finds the MTA-STS policy of a domain, which may take a DNS query and 20 s for the fetch.
   * @throws the signal's reason when aborted
   */
  async forDomain({ domain, found, wish, local }: DomainAttempt, signal?: AbortSignal): Promise<DomainTls> {
    const known = { domain, mx: found.mx, expandedDomain: found.expandedDomain, wish, local };
    const sts = await this.#sts.find(domain, signal);
    return {
      forHost: async (host, hostSignal = signal) => {
        const dane = await findTlsa(host, smtpPort, this.#resolver, hostSignal);
        return decideTls({ ...known, ...sts, ...dane, host: host.name });
      },
    };
  }

  /** Decides whether mail may be sent over a connection, and counts the session for reports. Call it once for each connection that reached TLS. */
  judge(
    decided: Extract<HostTls, { kind: 'connect' }>,
    session: SessionTls,
    ends: SessionEnds,
  ): TlsJudgement['verdict'] {
    const { verdict, facts } = judgeTls(decided, session, ends, this.#clock.now());
    this.results.record(facts);
    return verdict;
  }

  /** Counts for reports that a host was not tried (RFC 8461 §6). */
  skipped(decided: Extract<HostTls, { kind: 'skip' }>, mxHost: string): void {
    const ends = { sendingIp: null, receivingIp: null, mxHost, mxHelo: null };
    this.results.record(factsOfSkipped(decided, ends));
  }

  /** Refreshes policies that are due, and removes old policies and results. Run it every few minutes. */
  async sweep(): Promise<{ readonly refreshed: number; readonly removed: number }> {
    const [{ refreshed, removed }, results] = await Promise.all([this.#sts.sweep(), this.results.sweep()]);
    return { refreshed, removed: removed + results };
  }

  /** Ends fetches in progress and writes the waiting results. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#sts[Symbol.asyncDispose](), this.results[Symbol.asyncDispose]()]);
  }
}
