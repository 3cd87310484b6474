import { clientTlsFor, type MailHost, type MailHosts, type TlsDemand, type TlsWish } from '#mail/mail-hosts';
import type { Transmission } from '#mail/queue';
import type { TlsPolicies } from '#mail/tls-policies';
import type { HostAddress } from './host-addresses.ts';
import { wishOf, type Connectable, type SkippedHost, type Security } from './security.ts';

/** Demand of the operator on hosts of domains, beside what domains publish. */
export type MxTls = 'opportunistic' | 'required' | 'verified';

/** Mail for a domain, and what DNS told about its hosts. */
interface MxQuestion {
  readonly domain: string;
  readonly found: Pick<Extract<MailHosts, { kind: 'hosts' }>, 'mx' | 'expandedDomain'>;
  /** The mail host that an address belongs to, or why it is not known. */
  readonly hostOf: (address: HostAddress, signal: AbortSignal) => Promise<MailHost | SkippedHost>;
  readonly tls: MxTls;
}

/**
 * How connections to the hosts of a domain are to be secured: by what DANE and MTA-STS say, what the message asks for, and the operator.
 * Each host is looked at when it is tried, and once for all its addresses.
 */
export async function mxSecurity(
  { domain, found, hostOf, tls }: MxQuestion,
  transmission: Transmission,
  policies: TlsPolicies,
): Promise<(host: HostAddress) => Promise<Security | SkippedHost>> {
  const { signal } = transmission;
  const wish = wishOf(transmission);
  const local = tls === 'opportunistic' ? 'opportunistic' : 'required';
  const domainTls = await policies.forDomain({ domain, found, wish, local }, signal);
  const look = async (address: HostAddress): Promise<Security | SkippedHost> => {
    const host = await hostOf(address, signal);
    if ('status' in host) return host;
    const decided = await domainTls.forHost(host, signal);
    if (decided.kind === 'skip') {
      policies.skipped(decided, host.name);
      return { kind: 'skip', reason: decided.reason, status: decided.status };
    }
    const demanded = tls === 'verified' ? verified(decided, host) : decided;
    return {
      kind: 'security',
      when: 'if-offered',
      tls: clientTlsFor(host, decided),
      decided: demanded,
      demand: describe(demanded, { wish, tls, domain }),
    };
  };
  let last: { readonly name: string; readonly security: Promise<Security | SkippedHost> } | null = null;
  return async (address) => {
    if (last?.name !== address.name) last = { name: address.name, security: look(address) };
    return await last.security;
  };
}

/** DANE is as good as an authority. */
function verified(decided: Connectable, host: MailHost): Connectable {
  const { kind } = decided.demand;
  const isEnough = kind !== 'opportunistic' && kind !== 'unverified';
  return isEnough ? decided : { ...decided, demand: { kind: 'pkix', name: host.name } };
}

function describe(
  { demand, setAside, measures }: Connectable,
  { wish, tls, domain }: { readonly wish: TlsWish; readonly tls: MxTls; readonly domain: string },
): string {
  const isEnforced = demand.kind === 'pkix' || demand.kind === 'dane-and-pkix';
  const sts = measures.find(({ policy }) => policy.type === 'sts')?.policy.strings ?? [];
  const isStrict = sts.includes('mode: enforce') && isEnforced;
  const whose = [
    ...(isStrict && wish !== 'tls-required-no' ? [`MTA-STS of ${domain}`] : []),
    ...(sts.includes('mode: testing') ? [`MTA-STS of ${domain} is in testing`] : []),
    ...(demand.kind === 'unverified' && tls === 'opportunistic' ? ['DANE, without a usable record'] : []),
    ...(wish === 'requiretls' ? ['REQUIRETLS'] : []),
    ...(tls === 'opportunistic' ? [] : [`tls: ${tls} of the transport`]),
    ...(setAside.length > 0 ? [`${setAside.join(' and ')} set aside by TLS-Required: No`] : []),
  ];
  return `${demandText(demand)}${whose.length === 0 ? '' : ` (${whose.join('; ')})`}`;
}

/** The demand alone, for people. */
export function demandText(demand: TlsDemand): string {
  switch (demand.kind) {
    case 'opportunistic':
      return 'TLS if it is offered';
    case 'unverified':
      return 'TLS with any certificate';
    case 'pkix':
      return `a certificate for ${demand.name} by a trusted authority`;
    case 'dane':
      return 'a certificate that TLSA records vouch for';
    case 'dane-and-pkix':
      return `a certificate that TLSA records vouch for, for ${demand.name} by a trusted authority`;
  }
}
