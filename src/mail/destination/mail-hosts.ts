import { parseAddressLiteral } from '#lib/address';
import type { Answer, Resolver } from '#ports/resolver';

/** A host that takes mail. */
export interface MailHost {
  readonly name: string;
  /** Addresses to try in this order; at least one. */
  readonly addresses: readonly string[];
  /** Name that the addresses belong to, after CNAMEs. */
  readonly canonicalName: string;
  /** Whether the addresses, and the CNAMEs that led to them, are DNSSEC-authentic. */
  readonly isAuthentic: boolean;
}

/** Where to bring mail for a domain. */
export type MailHosts =
  | {
      readonly kind: 'hosts';
      readonly hosts: readonly MailHost[];
      /** Whether MX records named the hosts, and were DNSSEC-authentic; `none`: the domain is its own host, or a literal. */
      readonly mx: 'authentic' | 'insecure' | 'none';
      /** The domain after CNAMEs. */
      readonly expandedDomain: string;
    }
  /** It will never work: no such domain, no mail taken there. `status` is an enhanced status code. */
  | { readonly kind: 'none'; readonly status: string; readonly reason: string }
  /** It may work later. */
  | { readonly kind: 'later'; readonly reason: string };

/** MX records beyond this are not looked at. */
const maxHosts = 16;
const maxAddressesPerHost = 8;

/**
 * Finds the hosts for a domain (A-label, or an address literal in brackets).
 * Hosts of equal preference are shuffled with `shuffle`, so that load spreads (RFC 5321 §5.1).
 */
export async function findMailHosts(
  domain: string,
  resolver: Resolver,
  shuffle: <T>(list: readonly T[]) => T[],
  signal?: AbortSignal,
): Promise<MailHosts> {
  if (domain.startsWith('[')) return literalHost(domain);
  const mx = await resolver.query(domain, 'MX', signal);
  if (mx.kind === 'failed') return { kind: 'later', reason: `looking up the mail hosts of ${domain}: ${mx.why}` };
  if (mx.kind === 'absent') return implicitHost(domain, mx.why, resolver, signal);
  const [only] = mx.records;
  if (mx.records.length === 1 && (only?.exchange === '' || only?.exchange === '.')) {
    return { kind: 'none', status: '5.1.10', reason: `${domain} takes no mail (null MX)` };
  }
  const byPreference = Map.groupBy(mx.records, ({ preference }) => preference);
  const ordered = [...byPreference.entries()].toSorted(([a], [b]) => a - b).flatMap(([, records]) => shuffle(records));
  const names = [...new Set(ordered.map(({ exchange }) => exchange))].slice(0, maxHosts);
  const answers = await Promise.all(names.map((name) => findAddresses(name, resolver, signal)));
  const hosts = answers.flatMap(({ host }) => host ?? []);
  if (hosts.length > 0)
    return { kind: 'hosts', hosts, mx: mx.authentic ? 'authentic' : 'insecure', expandedDomain: mx.canonicalName };
  if (answers.some(({ failed }) => failed))
    return { kind: 'later', reason: `no address of the mail hosts of ${domain} could be looked up` };
  return { kind: 'none', status: '5.4.4', reason: `the mail hosts of ${domain} have no addresses` };
}

function literalHost(literal: string): MailHosts {
  const parsed = parseAddressLiteral(literal);
  if (!parsed.ok || parsed.value.kind !== 'ip')
    return { kind: 'none', status: '5.1.2', reason: `${literal} is not an address that can be reached` };
  const host = { name: literal, addresses: [parsed.value.ip.text], canonicalName: literal, isAuthentic: false };
  return { kind: 'hosts', hosts: [host], mx: 'none', expandedDomain: literal };
}

/** RFC 5321 §5.1: without MX records the domain is its own mail host. */
async function implicitHost(
  domain: string,
  why: 'nxdomain' | 'nodata',
  resolver: Resolver,
  signal: AbortSignal | undefined,
): Promise<MailHosts> {
  if (why === 'nxdomain') return { kind: 'none', status: '5.1.2', reason: `the domain ${domain} does not exist` };
  const { host, failed } = await findAddresses(domain, resolver, signal);
  if (host !== null) return { kind: 'hosts', hosts: [host], mx: 'none', expandedDomain: host.canonicalName };
  if (failed) return { kind: 'later', reason: `the addresses of ${domain} could not be looked up` };
  return { kind: 'none', status: '5.4.4', reason: `${domain} has neither mail hosts nor addresses` };
}

async function findAddresses(
  name: string,
  resolver: Resolver,
  signal: AbortSignal | undefined,
): Promise<{ readonly host: MailHost | null; readonly failed: boolean }> {
  const answers: Answer<string>[] = await Promise.all([
    resolver.query(name, 'AAAA', signal),
    resolver.query(name, 'A', signal),
  ]);
  const found = answers.filter((answer) => answer.kind === 'found');
  const addresses = found.flatMap(({ records }) => records).slice(0, maxAddressesPerHost);
  const failed = answers.some(({ kind }) => kind === 'failed');
  const [first] = found;
  if (first === undefined || addresses.length === 0) return { host: null, failed };
  const isAuthentic = found.every(({ authentic }) => authentic);
  return { host: { name, addresses, canonicalName: first.canonicalName, isAuthentic }, failed };
}
