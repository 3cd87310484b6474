import { parseAddressLiteral } from '#lib/address';
import { lookupFailureText } from '#lib/dns';
import type { Resolver } from '#ports/resolver';

/** Names of the hosts that take mail for a domain, without their addresses. */
export type MxNames =
  | {
      readonly kind: 'names';
      /** In the order to try; at least one. */
      readonly names: readonly string[];
      /** True when the MX records were DNSSEC-authentic. */
      readonly isAuthentic: boolean;
      /** The domain after CNAMEs. */
      readonly expandedDomain: string;
    }
  /** There are no MX records: the domain is its own mail host, if it has addresses (RFC 5321 §5.1). */
  | { readonly kind: 'implicit' }
  /** An address literal. */
  | { readonly kind: 'address'; readonly address: string }
  /** It will never work: no such domain, no mail taken there. `status` is an enhanced status code. */
  | { readonly kind: 'none'; readonly status: string; readonly reason: string }
  /** It may work later. */
  | { readonly kind: 'later'; readonly reason: string };

/** MX records beyond this are not looked at. */
const maxHosts = 16;

/**
 * Finds the names of the hosts for a domain (A-label, or an address literal in brackets).
 * Hosts of equal preference are shuffled with `shuffle`, so that load spreads (RFC 5321 §5.1).
 */
export async function findMxNames(
  domain: string,
  resolver: Resolver,
  shuffle: <T>(list: readonly T[]) => T[],
  signal?: AbortSignal,
): Promise<MxNames> {
  if (domain.startsWith('[')) return literalAddress(domain);
  const mx = await resolver.query(domain, 'MX', signal);
  if (mx.kind === 'failed')
    return { kind: 'later', reason: `looking up the mail hosts of ${domain}: ${lookupFailureText(mx.why)}` };
  if (mx.kind === 'absent') {
    if (mx.why === 'nodata') return { kind: 'implicit' };
    return { kind: 'none', status: '5.1.2', reason: `the domain ${domain} does not exist` };
  }
  const [only] = mx.records;
  if (mx.records.length === 1 && (only?.exchange === '' || only?.exchange === '.')) {
    return { kind: 'none', status: '5.1.10', reason: `${domain} takes no mail (null MX)` };
  }
  const byPreference = Map.groupBy(mx.records, ({ preference }) => preference);
  const ordered = [...byPreference.entries()].toSorted(([a], [b]) => a - b).flatMap(([, records]) => shuffle(records));
  const names = [...new Set(ordered.map(({ exchange }) => exchange))].slice(0, maxHosts);
  return { kind: 'names', names, isAuthentic: mx.authentic, expandedDomain: mx.canonicalName };
}

function literalAddress(literal: string): MxNames {
  const parsed = parseAddressLiteral(literal);
  if (!parsed.ok || parsed.value.kind !== 'ip')
    return { kind: 'none', status: '5.1.2', reason: `${literal} is not an address that can be reached` };
  return { kind: 'address', address: parsed.value.ip.text };
}
