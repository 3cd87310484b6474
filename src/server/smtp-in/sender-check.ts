import type { Address } from '#lib/address';
import { lookupFailureText, type LookupFailure } from '#lib/dns';
import type { Answer, Resolver } from '#ports/resolver';
import type { SenderFacts } from '#mail/inbound';
import { Refusal, type Hello } from '#proto/smtp-server';

/** Longest wait in ms of a client for DNS about its names; the resolver itself gives up sooner on each question. */
const dnsTimeoutMs = 20_000;
/** Mail hosts of a sender that are looked up, in the order of their preference, before we give up on it. */
const maxHosts = 8;

/** Result of DNS for the addresses of a name. */
type Addresses = 'found' | 'absent' | Extract<Answer<never>, { readonly kind: 'failed' }>;

const timedOut = { kind: 'failed', why: 'timeout' } as const;

/** Decides whether a client's names could be real. */
export interface SenderChecks {
  /** @throws Refusal when HELO is not accepted. */
  checkHelo(hello: Hello): Promise<void>;
  /** @param isOwn  Reports whether a domain (an A-label) is ours. @throws Refusal when the sender is not accepted. */
  checkSender(from: Address | null, isOwn: (domain: string) => boolean): Promise<SenderFacts>;
}

const nullPath: SenderFacts = { domain: { kind: 'nullPath' } };
const own: SenderFacts = { domain: { kind: 'own' } };
const reachable: SenderFacts = { domain: { kind: 'reachable' } };

/** Asks DNS whether a client's names could be real: mail from where no answer can go is refused before its content comes. */
export class SenderCheck implements SenderChecks {
  readonly #resolver: Resolver;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  /** HELO needs a name that resolves; DNS trouble is no reason to refuse. @throws Refusal. */
  async checkHelo({ name, form }: Hello): Promise<void> {
    if (form !== 'domain') return;
    if ((await this.#addresses(name.replace(/\.$/, ''), AbortSignal.timeout(dnsTimeoutMs))) === 'absent')
      throw new Refusal(550, '5.5.0', `your HELO name ${name} has no address in DNS`);
  }

  /** The sender's domain must be able to take mail: no null MX (RFC 7505 §4.2), and a mail host with an address. @throws Refusal. */
  async checkSender(from: Address | null, isOwn: (domain: string) => boolean): Promise<SenderFacts> {
    if (from === null) return nullPath;
    const { domain } = from;
    if (!('ascii' in domain)) throw new Refusal(550, '5.7.0', 'an address literal is not accepted as sender');
    // Our own domains take mail: that we know without asking.
    if (isOwn(domain.ascii)) return own;
    await this.#ask(domain.ascii);
    return reachable;
  }

  /** Asks DNS for the mail hosts of a domain. @throws Refusal when it has none. */
  async #ask(name: string): Promise<void> {
    const signal = AbortSignal.timeout(dnsTimeoutMs);
    const mx: Answer<{ readonly preference: number; readonly exchange: string }> = await this.#resolver
      .query(name, 'MX', signal)
      .catch(() => timedOut);
    if (mx.kind === 'failed') throw later(name, mx);
    if (mx.kind === 'absent' && mx.why === 'nxdomain') throw never(name, 'does not exist');
    // RFC 5321 §5.1: without MX records the domain is its own mail host.
    const hosts = mx.kind === 'found' ? exchangesOf(mx.records) : [name];
    if (hosts.length === 1 && (hosts[0] === '' || hosts[0] === '.')) {
      throw new Refusal(550, '5.7.27', `your sender domain ${name} says that it takes no mail (null MX)`);
    }
    let trouble: Addresses = 'absent';
    for (const host of hosts) {
      const addresses = await this.#addresses(host, signal);
      if (addresses === 'found') return;
      if (addresses !== 'absent') trouble = addresses;
    }
    if (trouble !== 'absent') throw later(name, trouble);
    throw never(
      name,
      mx.kind === 'found' ? 'has mail hosts without addresses' : 'has neither mail hosts nor addresses',
    );
  }

  async #addresses(name: string, signal: AbortSignal): Promise<Addresses> {
    const answers: Answer<string>[] = await Promise.all(
      (['A', 'AAAA'] as const).map((type) => this.#resolver.query(name, type, signal).catch(() => timedOut)),
    );
    if (answers.some(({ kind }) => kind === 'found')) return 'found';
    return answers.find((answer) => answer.kind === 'failed') ?? 'absent';
  }
}

/** Names of mail hosts, the preferred first. */
function exchangesOf(records: readonly { readonly preference: number; readonly exchange: string }[]): string[] {
  const ordered = records.toSorted((a, b) => a.preference - b.preference);
  return [...new Set(ordered.map(({ exchange }) => exchange))].slice(0, maxHosts);
}

function never(name: string, why: string): Refusal {
  return new Refusal(550, '5.7.27', `your sender domain ${name} ${why}, so no answer could reach you`);
}

function later(name: string, { why }: { readonly why: LookupFailure }): Refusal {
  return new Refusal(
    451,
    '4.4.3',
    `your sender domain ${name} cannot be looked up now, please try again: ${lookupFailureText(why)}`,
  );
}
