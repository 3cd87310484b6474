import { daneFor, type DaneDecision, tlsaName } from '#lib/dane';
import type { Resolver } from '#ports/resolver';
import type { MailHost } from './find-mail-hosts.ts';

/** Decision of DANE for a host, and the name of the TLSA records. */
export interface HostDane {
  readonly dane: DaneDecision;
  /** The host's name, or what its CNAMEs lead to (RFC 7672 §2.2.3). */
  readonly baseDomain: string;
}

/**
 * Looks up the TLSA records of a mail host (RFC 7672 §2.2.2, §2.2.3). Nothing is asked about hosts whose addresses are not
 * DNSSEC-authentic: the servers of such zones often fail on TLSA queries, and what they say would not count.
 */
export async function findTlsa(
  host: MailHost,
  port: number,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<HostDane> {
  const candidates = await findCandidates(host, resolver, signal);
  if ('why' in candidates) return { dane: candidates, baseDomain: host.name };
  for (const baseDomain of candidates) {
    const dane = daneFor(await resolver.query(tlsaName(baseDomain, port), 'TLSA', signal));
    if (dane.kind !== 'none') return { dane, baseDomain };
  }
  const why = candidates.length === 0 ? 'insecure' : 'absent';
  return { dane: { kind: 'none', why }, baseDomain: host.name };
}

/** Names to look under, the best first. */
async function findCandidates(
  { name, canonicalName, isAuthentic }: MailHost,
  resolver: Resolver,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | Extract<DaneDecision, { kind: 'failed' }>> {
  // RFC 7672 §2.2: DANE does not apply to literals.
  if (name.startsWith('[')) return [];
  if (isAuthentic) return [...new Set([canonicalName, name])];
  if (canonicalName === name) return [];
  // RFC 7672 §2.1.3: the alias itself may lie in a signed zone, though its target does not.
  const alias = await resolver.query(name, 'CNAME', signal);
  if (alias.kind === 'failed') return alias;
  return alias.kind === 'found' && alias.authentic ? [name] : [];
}
