import { parseIp, type IpAddress } from '#lib/domain';
import type { Answer, Resolver } from '#ports/resolver';

/** Result of evaluating an SPF record for one address, and the term that decided. */
export interface SpfVerdict {
  readonly result: 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'permerror' | 'temperror';
  /** `ip4:192.0.2.0/24 in example.org`; null when nothing matched. */
  readonly matched: string | null;
  /** Reason for the result; null when a term matched. */
  readonly reason: string | null;
}

/** RFC 7208 §4.6.4: terms that cause lookups MUST be limited to 10 in the whole evaluation. */
const maxLookups = 10;
/** RFC 7208 §4.6.4: more than 10 hosts in the MX records of one term MUST give permerror. */
const maxMxHosts = 10;
/** RFC 7208 §4.6.4: void lookups SHOULD be limited to two. */
const maxVoidLookups = 2;
const maxTerms = 200;

const resultOf = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const;

interface Evaluation {
  readonly ip: IpAddress;
  readonly resolver: Resolver;
  lookups: number;
  voidLookups: number;
}

/** Thrown inside an evaluation to end it with a verdict. */
class Ended extends Error {
  readonly verdict: SpfVerdict;

  constructor(result: SpfVerdict['result'], reason: string) {
    super(reason);
    this.verdict = { result, matched: null, reason };
  }
}

/**
 * Evaluates the SPF record of a domain for an address, as far as an owner's own record needs it: all, ip4, ip6, a, mx, include, redirect (RFC 7208 §5).
 * ptr, exists and macros depend on the message; they count as lookups and match nothing.
 */
export async function evaluateSpf(ip: string, domain: string, resolver: Resolver): Promise<SpfVerdict> {
  const parsed = parseIp(ip);
  if (!parsed.ok) return { result: 'permerror', matched: null, reason: `${ip} is no address` };
  try {
    return await evaluate({ ip: parsed.value, resolver, lookups: 0, voidLookups: 0 }, domain);
  } catch (error) {
    if (error instanceof Ended) return error.verdict;
    throw error;
  }
}

/** Returns the SPF records among TXT records: those that begin with exactly `v=spf1` (RFC 7208 §4.5). */
export function spfRecords(texts: readonly string[]): string[] {
  return texts.filter((text) => /^v=spf1(?: |$)/i.test(text));
}

async function evaluate(evaluation: Evaluation, domain: string): Promise<SpfVerdict> {
  const answer = await evaluation.resolver.query(domain, 'TXT');
  if (answer.kind === 'failed') throw new Ended('temperror', `the record of ${domain} could not be looked up`);
  const records = answer.kind === 'found' ? spfRecords(answer.records) : [];
  // RFC 7208 §4.5: more than one record gives permerror, no record none.
  if (records.length > 1) throw new Ended('permerror', `${domain} has ${records.length} SPF records`);
  const [record] = records;
  if (record === undefined) return { result: 'none', matched: null, reason: `${domain} has no SPF record` };
  const terms = record
    .split(/ +/)
    .slice(1)
    .filter((term) => term !== '');
  if (terms.length > maxTerms) throw new Ended('permerror', `the record of ${domain} is too long`);
  checkSyntax(terms, domain);
  for (const term of terms) {
    if (modifier.test(term)) continue;
    if (await matches(evaluation, term, domain)) {
      const qualifier = /^[+~?-]/.exec(term)?.[0] ?? '+';
      const result = resultOf[qualifier as keyof typeof resultOf];
      return { result, matched: `${term} in ${domain}`, reason: null };
    }
  }
  return await redirected(evaluation, terms, domain);
}

const modifier = /^[a-z][a-z0-9._-]*=/i;
const syntax = /^[+~?-]?([a-z0-9]+)(?::([^/]*(?:\/[^/0-9][^/]*)*))?((?:\/\d{1,3})?(?:\/\/\d{1,3})?)$/i;
const mechanisms = new Set(['all', 'ip4', 'ip6', 'include', 'a', 'mx', 'ptr', 'exists']);

/** Checks all terms. @throws Ended with permerror: RFC 7208 §4.6 validates the syntax before evaluation, also after the term that would match. */
function checkSyntax(terms: readonly string[], domain: string): void {
  for (const term of terms) {
    if (modifier.test(term)) continue;
    const [, name = '', value] = syntax.exec(term) ?? [];
    const kind = name.toLowerCase();
    if (kind === 'ip4' || kind === 'ip6') networkOf(term, kind);
    else if (!mechanisms.has(kind)) throw new Ended('permerror', `${term} in the record of ${domain} is no SPF term`);
    else if ((kind === 'include' || kind === 'exists') && (value ?? '') === '')
      throw new Ended('permerror', `${kind} without a name in the record of ${domain}`);
  }
  // RFC 7208 §6: redirect MUST NOT appear more than once; unrecognized modifiers MUST be ignored.
  if (terms.filter((term) => /^redirect=/i.test(term)).length > 1)
    throw new Ended('permerror', `redirect comes twice in the record of ${domain}`);
}

async function redirected(evaluation: Evaluation, terms: readonly string[], domain: string): Promise<SpfVerdict> {
  const target = terms.find((term) => /^redirect=/i.test(term))?.slice('redirect='.length);
  // RFC 7208 §4.7: without a match and without redirect, the result is neutral.
  if (target === undefined) return { result: 'neutral', matched: null, reason: 'no term of the record matches' };
  count(evaluation);
  if (target.includes('%')) return { result: 'neutral', matched: null, reason: `${target} was not evaluated` };
  const verdict = await evaluate(evaluation, target);
  // RFC 7208 §6.1: no SPF record at the target gives permerror instead of none.
  if (verdict.result === 'none') throw new Ended('permerror', `redirect=${target} in ${domain}: no SPF record there`);
  return verdict;
}

async function matches(evaluation: Evaluation, term: string, domain: string): Promise<boolean> {
  const match = syntax.exec(term);
  const name = match?.[1]?.toLowerCase() ?? '';
  const given = match?.[2];
  const sizes = prefixes(match?.[3] ?? '');
  switch (name) {
    case 'all':
      return true;
    case 'ip4':
    case 'ip6': {
      const network = networkOf(term, name);
      return sharePrefix(network.ip, evaluation.ip, network.bits);
    }
    case 'include':
      return await included(evaluation, given ?? '');
    case 'a':
    case 'mx': {
      count(evaluation);
      const target = given ?? domain;
      if (target.includes('%')) return false;
      const hosts = name === 'a' ? [target] : await mxHosts(evaluation, target);
      for (const host of hosts) if (await hostMatches(evaluation, host, sizes)) return true;
      return false;
    }
    default:
      // ptr and exists are not evaluated, but count as lookups (RFC 7208 §4.6.4).
      count(evaluation);
      return false;
  }
}

async function included(evaluation: Evaluation, target: string): Promise<boolean> {
  count(evaluation);
  if (target.includes('%')) return false;
  const verdict = await evaluate(evaluation, target);
  // RFC 7208 §5.2: none at the target gives permerror; only pass matches.
  if (verdict.result === 'none') throw new Ended('permerror', `include:${target}: ${verdict.reason ?? 'no record'}`);
  return verdict.result === 'pass';
}

function count(evaluation: Evaluation): void {
  evaluation.lookups += 1;
  if (evaluation.lookups > maxLookups)
    throw new Ended('permerror', `the record needs more than ${maxLookups} look-ups (RFC 7208 section 4.6.4)`);
}

/**
 * Counts a void lookup.
 * deviates: RFC 7208 §4.6.4 also counts answers without records; here only names that do not exist count, since a host without IPv6 is no mistake.
 */
function countVoid(evaluation: Evaluation, answer: Answer<unknown>): void {
  if (answer.kind !== 'absent' || answer.why !== 'nxdomain') return;
  evaluation.voidLookups += 1;
  if (evaluation.voidLookups > maxVoidLookups)
    throw new Ended('permerror', `more than ${maxVoidLookups} names in it lead to nothing (RFC 7208 section 4.6.4)`);
}

async function mxHosts(evaluation: Evaluation, domain: string): Promise<string[]> {
  const answer = await evaluation.resolver.query(domain, 'MX');
  countVoid(evaluation, answer);
  if (answer.kind === 'failed') throw new Ended('temperror', `the MX records of ${domain} could not be looked up`);
  const hosts = answer.kind === 'found' ? answer.records.map(({ exchange }) => exchange) : [];
  if (hosts.length > maxMxHosts) throw new Ended('permerror', `${domain} has more than ${maxMxHosts} MX records`);
  return hosts.filter((host) => host !== '');
}

async function hostMatches(
  evaluation: Evaluation,
  host: string,
  sizes: { readonly ip4: number; readonly ip6: number },
): Promise<boolean> {
  const { ip, resolver } = evaluation;
  const answer = await resolver.query(host, ip.family === 4 ? 'A' : 'AAAA');
  countVoid(evaluation, answer);
  if (answer.kind === 'failed') throw new Ended('temperror', `the addresses of ${host} could not be looked up`);
  const size = ip.family === 4 ? sizes.ip4 : sizes.ip6;
  return (
    answer.kind === 'found' &&
    answer.records.some((text) => {
      const parsed = parseIp(text);
      return parsed.ok && sharePrefix(parsed.value, ip, size);
    })
  );
}

function prefixes(text: string): { readonly ip4: number; readonly ip6: number } {
  const match = /^(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/.exec(text);
  return { ip4: Number(match?.[1] ?? 32), ip6: Number(match?.[2] ?? 128) };
}

function networkOf(term: string, name: 'ip4' | 'ip6'): { readonly ip: IpAddress; readonly bits: number } {
  const [address = '', size, ...more] = term.slice(term.indexOf(':') + 1).split('/');
  const parsed = parseIp(address);
  const max = name === 'ip4' ? 32 : 128;
  const bits = size === undefined ? max : Number(size);
  const isRight = parsed.ok && more.length === 0 && parsed.value.bytes.length * 8 === max && bits <= max;
  if (!isRight || (size !== undefined && !/^\d{1,3}$/.test(size)))
    throw new Ended('permerror', `${term} is no network`);
  return { ip: parsed.value, bits };
}

function sharePrefix(a: IpAddress, b: IpAddress, bits: number): boolean {
  if (a.family !== b.family) return false;
  return a.bytes.every((byte, i) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 0xff;
    return (byte & mask) === ((b.bytes[i] ?? 0) & mask);
  });
}
