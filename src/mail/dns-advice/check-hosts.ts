import { problemWith, tlsaName, verifyDane } from '#lib/dane';
import type { Answer, Records, Resolver } from '#ports/resolver';
import { Gate } from './bounded-resolver.ts';
import type { DomainFacts } from './facts.ts';
import { about, notLookedUp, type Finding } from './finding.ts';
import type { CheckLimits } from './limits.ts';

/** Result of connecting to port 25 of a mail host. */
export type HostProbe =
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The host answered, but not like a server that accepts mail from any host. */
  | { readonly kind: 'refused'; readonly reply: string }
  | { readonly kind: 'noTls' }
  | { readonly kind: 'tlsFailed'; readonly reason: string }
  | {
      readonly kind: 'secured';
      /** Reason why the certificate could not be verified for the name; null when it was verified. */
      readonly problem: string | null;
      /** Expiry time of the certificate, milliseconds since 1970; null when unknown. */
      readonly endsMs: number | null;
      /** DER certificates in the order sent, the host's own first. */
      readonly chain: readonly Uint8Array[];
    };

/** Connects to mail hosts as another server would. Never rejects because of the network; rejects when `signal` aborts. */
export interface HostProber {
  probe(host: { readonly name: string; readonly ip: string }, signal: AbortSignal): Promise<HostProbe>;
}

const day = 86_400_000;
/** Days left below which a certificate expires soon: automatic renewal leaves more. */
const soonDays = 14;

interface HostDeps {
  readonly resolver: Resolver;
  readonly prober: HostProber;
  readonly limits: CheckLimits;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Connects to the mail host and, if it is among the hosts of the MX records, to the others: they belong to the owner, too. */
export async function checkHosts(facts: DomainFacts, deps: HostDeps): Promise<Finding[]> {
  const { resolver, limits } = deps;
  const mx = await resolver.query(facts.domain, 'MX');
  const published = mx.kind === 'found' ? mx.records.map(({ exchange }) => exchange.toLowerCase()) : [];
  const names = published.includes(facts.mailHost) ? published.filter((name) => name !== '') : [];
  const gate = new Gate(limits.maxConcurrentProbes);
  const hosts = [...new Set([facts.mailHost, ...names])].slice(0, limits.maxProbedHosts);
  return (await Promise.all(hosts.map((name) => checkHost(name, facts, deps, gate)))).flat();
}

async function checkHost(name: string, facts: DomainFacts, deps: HostDeps, gate: Gate): Promise<Finding[]> {
  const { resolver, prober, limits, nowMs, signal } = deps;
  const [tlsa, ...answers] = await Promise.all([
    resolver.query(tlsaName(name), 'TLSA'),
    resolver.query(name, 'A'),
    resolver.query(name, 'AAAA'),
  ]);
  const ips = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (ips.length === 0) {
    const failed = answers.find(({ kind }) => kind === 'failed');
    if (failed?.kind === 'failed') return [notLookedUp('smtp', name, failed.why, 'error')];
    // Without addresses, the caller has said so already, and there is nothing to publish.
    if (name === facts.mailHost && facts.ips.length === 0) return [];
    return [about('smtp', name)('error', 'has no addresses', 'publish its address records')];
  }
  return await Promise.all(
    ips.slice(0, limits.maxProbedAddresses).map((ip) =>
      gate.run(async (): Promise<Finding> => {
        const make = about('smtp', `${name} (${ip})`);
        const untried = (): Finding => make('warning', 'was not tried: no time was left', 'ask again');
        try {
          if (signal.aborted) return untried();
          return describe(make, await prober.probe({ name, ip }, signal), { name, tlsa, nowMs });
        } catch (error) {
          if (signal.aborted) return untried();
          throw error;
        }
      }),
    ),
  );
}

/** A probed host with the TLSA records for its key. */
interface Judged {
  readonly name: string;
  readonly tlsa: Answer<Records['TLSA']>;
  readonly nowMs: number;
}

function describe(make: ReturnType<typeof about>, probe: HostProbe, judged: Judged): Finding {
  switch (probe.kind) {
    case 'unreachable': {
      const fix = 'check that the server runs, and that no firewall, router or provider blocks port 25';
      return make('error', `cannot be reached from here on port 25: ${probe.reason}`, fix);
    }
    case 'refused':
      return make('error', `does not take mail: ${probe.reply}`, 'look into the log of the server');
    case 'noTls':
      return make('warning', 'offers no STARTTLS: mail comes in clear', 'give the listener a certificate');
    case 'tlsFailed':
      return make('error', `fails at STARTTLS: ${probe.reason}`, 'check the certificate and key of the listener');
    case 'secured':
      return describeCertificate(make, probe, judged);
  }
}

function describeCertificate(
  make: ReturnType<typeof about>,
  { problem, endsMs, chain }: Extract<HostProbe, { readonly kind: 'secured' }>,
  { name, tlsa, nowMs }: Judged,
): Finding {
  // Unsigned records are judged, too: wrong ones do harm as soon as the zone is signed.
  const records = tlsa.kind === 'found' ? tlsa.records.filter((record) => problemWith(record) === null) : [];
  const isDane = records.length > 0 && verifyDane({ chain, records, names: [name], nowMs }).kind === 'verified';
  if (records.length > 0 && !isDane) {
    const isSigned = tlsa.kind === 'found' && tlsa.authentic;
    const cost = isSigned
      ? 'senders with DANE deliver nothing now'
      : 'senders with DANE deliver nothing once it is signed';
    const fix = `publish the TLSA record of the key in use: ${cost}`;
    return make(isSigned ? 'error' : 'warning', 'has a certificate that no TLSA record fits', fix);
  }
  const leftDays = endsMs === null ? null : Math.floor((endsMs - nowMs) / day);
  // RFC 7671 §5.1: with DANE-EE, name checks do not apply and the expiry date MUST be ignored.
  if (!isDane && leftDays !== null && leftDays < 0)
    return make('error', `has a certificate that ended ${date(endsMs)}`, 'renew it, and see why that did not happen');
  if (!isDane && problem !== null) {
    const fix = `get a certificate for ${name} from a public authority, and name its file with the chain in the listener`;
    return make('warning', `has a certificate that cannot be verified: ${problem}`, fix);
  }
  if (leftDays !== null && leftDays < soonDays)
    return make('warning', `has a certificate that ends in ${leftDays} days`, 'see why it was not renewed');
  const until = endsMs === null ? '' : ` until ${date(endsMs)}`;
  return make('ok', `takes mail with TLS; its certificate is good${until}${isDane ? ', and fits DANE' : ''}`, null);
}

function date(ms: number | null): string {
  return ms === null ? '' : new Date(ms).toISOString().slice(0, 10);
}
