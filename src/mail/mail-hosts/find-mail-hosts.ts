import { lookupFailureText } from '#lib/dns';
import type { Answer, Resolver } from '#ports/resolver';
import { findMxNames, type MxNames } from './mx-names.ts';

/** A host that takes mail. */
export interface MailHost {
  readonly name: string;
  /** Addresses to try in this order; at least one. */
  readonly addresses: readonly string[];
  /** Name that the addresses belong to, after CNAMEs. */
  readonly canonicalName: string;
  /** True when the addresses, and the CNAMEs that led to them, are DNSSEC-authentic. */
  readonly isAuthentic: boolean;
}

/** Mail hosts of a domain. */
export type MailHosts =
  | {
      readonly kind: 'hosts';
      readonly hosts: readonly MailHost[];
      /** True when MX records named the hosts, and were DNSSEC-authentic; `none`: the domain is its own host, or a literal. */
      readonly mx: 'authentic' | 'insecure' | 'none';
      /** The domain after CNAMEs. */
      readonly expandedDomain: string;
    }
  /** It will never work: no such domain, no mail taken there. `status` is an enhanced status code. */
  | { readonly kind: 'none'; readonly status: string; readonly reason: string }
  /** It may work later. */
  | { readonly kind: 'later'; readonly reason: string };

const maxAddressesPerHost = 8;
/** Hosts whose trouble is reported. */
const maxFailuresTold = 3;

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
  const mx = await findMxNames(domain, resolver, shuffle, signal);
  switch (mx.kind) {
    case 'none':
    case 'later':
      return mx;
    case 'implicit':
      return await implicitHost(domain, resolver, signal);
    case 'address':
      return literalHost(domain, mx.address);
    case 'names':
      return await namedHosts(domain, mx, resolver, signal);
  }
}

async function namedHosts(
  domain: string,
  { names, isAuthentic, expandedDomain }: Extract<MxNames, { kind: 'names' }>,
  resolver: Resolver,
  signal: AbortSignal | undefined,
): Promise<MailHosts> {
  const answers = await Promise.all(names.map((name) => findMailHost(name, resolver, signal)));
  const hosts = answers.flatMap(({ host }) => host ?? []);
  if (hosts.length > 0) return { kind: 'hosts', hosts, mx: isAuthentic ? 'authentic' : 'insecure', expandedDomain };
  const failures = answers.flatMap(({ failure }, i) => (failure === null ? [] : [`${names[i]}: ${failure}`]));
  if (failures.length > 0) {
    const said = failures.slice(0, maxFailuresTold).join(', ');
    return { kind: 'later', reason: `looking up the addresses of the mail hosts of ${domain}: ${said}` };
  }
  return { kind: 'none', status: '5.4.4', reason: `the mail hosts of ${domain} have no addresses` };
}

function literalHost(literal: string, address: string): MailHosts {
  const host = { name: literal, addresses: [address], canonicalName: literal, isAuthentic: false };
  return { kind: 'hosts', hosts: [host], mx: 'none', expandedDomain: literal };
}

/** RFC 5321 §5.1: without MX records the domain is its own mail host. */
async function implicitHost(domain: string, resolver: Resolver, signal: AbortSignal | undefined): Promise<MailHosts> {
  const { host, failure } = await findMailHost(domain, resolver, signal);
  if (host !== null) return { kind: 'hosts', hosts: [host], mx: 'none', expandedDomain: host.canonicalName };
  if (failure !== null) return { kind: 'later', reason: `looking up the addresses of ${domain}: ${failure}` };
  return { kind: 'none', status: '5.4.4', reason: `${domain} has neither mail hosts nor addresses` };
}

/** Looks up one host by its name. `host` is null when it has no addresses, or none could be looked up; `failure`: why some could not, for people. */
export async function findMailHost(
  name: string,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<{ readonly host: MailHost | null; readonly failure: string | null }> {
  const answers: Answer<string>[] = await Promise.all([
    resolver.query(name, 'AAAA', signal),
    resolver.query(name, 'A', signal),
  ]);
  const found = answers.filter((answer) => answer.kind === 'found');
  const addresses = found.flatMap(({ records }) => records).slice(0, maxAddressesPerHost);
  const failed = answers.find((answer) => answer.kind === 'failed');
  const failure = failed === undefined ? null : lookupFailureText(failed.why);
  const [first] = found;
  if (first === undefined || addresses.length === 0) return { host: null, failure };
  const isAuthentic = found.every(({ authentic }) => authentic);
  return { host: { name, addresses, canonicalName: first.canonicalName, isAuthentic }, failure };
}
