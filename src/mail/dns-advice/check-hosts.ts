import type { Resolver } from '#ports/resolver';
import { Gate } from './bounded-resolver.ts';
import type { DomainFacts } from './facts.ts';
import { notLookedUp, todo, type Finding, type Level } from './finding.ts';
import type { CheckLimits } from './limits.ts';

/** What connecting to port 25 of a mail host showed. */
export type HostProbe =
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** It answered, but not as a mail server that takes mail from everybody. */
  | { readonly kind: 'refused'; readonly reply: string }
  | { readonly kind: 'noTls' }
  | { readonly kind: 'tlsFailed'; readonly reason: string }
  | {
      readonly kind: 'secured';
      /** Why the certificate was not verified for the name; null when it was. */
      readonly problem: string | null;
      /** When it ends, milliseconds since 1970; null when not known. */
      readonly endsMs: number | null;
      /** Whether a published TLSA record fits; null when there is none. */
      readonly matchesTlsa: boolean | null;
    };

/** Connects to mail hosts, as another server would. Never rejects for what the network does; rejects when `signal` aborts. */
export interface HostProber {
  probe(host: { readonly name: string; readonly ip: string }, signal: AbortSignal): Promise<HostProbe>;
}

const day = 86_400_000;
/** Certificates that are renewed by themselves have more left. */
const soonDays = 14;

/** Connects to every published mail host, or to the wanted one when none is published. */
export async function checkHosts(
  facts: DomainFacts,
  deps: {
    readonly resolver: Resolver;
    readonly prober: HostProber;
    readonly limits: CheckLimits;
    readonly nowMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Finding[]> {
  const { resolver, limits } = deps;
  const mx = await resolver.query(facts.domain, 'MX');
  const published = mx.kind === 'found' ? mx.records.map(({ exchange }) => exchange).filter((name) => name !== '') : [];
  const names = [...new Set(published.length === 0 ? [facts.mailHost] : published)].slice(0, limits.maxProbedHosts);
  const gate = new Gate(limits.maxConcurrentProbes);
  const found = await Promise.all(names.map((name) => checkHost(name, deps, gate)));
  return found.flat();
}

async function checkHost(
  name: string,
  { resolver, prober, limits, nowMs, signal }: Parameters<typeof checkHosts>[1],
  gate: Gate,
): Promise<Finding[]> {
  const answers = await Promise.all([resolver.query(name, 'A'), resolver.query(name, 'AAAA')]);
  const ips = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (ips.length === 0) {
    const failed = answers.find(({ kind }) => kind === 'failed');
    if (failed?.kind === 'failed') return [notLookedUp('smtp', name, failed.why)];
    const fix = todo('publish its address records');
    return [{ area: 'smtp', level: 'error', subject: name, sentence: 'has no addresses', fix }];
  }
  return await Promise.all(
    ips.slice(0, limits.maxProbedAddresses).map((ip) =>
      gate.run(async (): Promise<Finding> => {
        const subject = `${name} (${ip})`;
        try {
          if (signal.aborted) return untried(subject);
          return describe(subject, await prober.probe({ name, ip }, signal), nowMs);
        } catch (error) {
          if (signal.aborted) return untried(subject);
          throw error;
        }
      }),
    ),
  );
}

function untried(subject: string): Finding {
  return {
    area: 'smtp',
    level: 'warning',
    subject,
    sentence: 'was not tried: no time was left',
    fix: todo('ask again'),
  };
}

function describe(subject: string, probe: HostProbe, nowMs: number): Finding {
  const make = (level: Level, sentence: string, fix: string | null): Finding => ({
    area: 'smtp',
    level,
    subject,
    sentence,
    fix: fix === null ? null : todo(fix),
  });
  switch (probe.kind) {
    case 'unreachable': {
      const fix = 'check that the server runs and that no firewall or provider blocks port 25';
      return make('error', `cannot be reached on port 25: ${probe.reason}`, fix);
    }
    case 'refused':
      return make('error', `does not take mail: ${probe.reply}`, 'look into the log of the server');
    case 'noTls':
      return make('warning', 'offers no STARTTLS: mail comes in clear', 'give the listener a certificate');
    case 'tlsFailed':
      return make('error', `fails at STARTTLS: ${probe.reason}`, 'check the certificate and key of the listener');
    case 'secured':
      return describeCertificate(make, probe, nowMs);
  }
}

function describeCertificate(
  make: (level: Level, sentence: string, fix: string | null) => Finding,
  { problem, endsMs, matchesTlsa }: Extract<HostProbe, { readonly kind: 'secured' }>,
  nowMs: number,
): Finding {
  if (matchesTlsa === false) {
    const fix = 'publish the TLSA record of the key in use: senders with DANE deliver nothing now';
    return make('error', 'has a certificate that no TLSA record fits', fix);
  }
  if (problem !== null && matchesTlsa !== true)
    return make(
      'warning',
      `has a certificate that cannot be verified: ${problem}`,
      'get one for this name from an authority',
    );
  const leftDays = endsMs === null ? null : Math.floor((endsMs - nowMs) / day);
  if (leftDays !== null && leftDays < soonDays)
    return make('warning', `has a certificate that ends in ${leftDays} days`, 'see why it was not renewed');
  return make(
    'ok',
    matchesTlsa === true ? 'takes mail with TLS; its key fits DANE' : 'takes mail with verified TLS',
    null,
  );
}
