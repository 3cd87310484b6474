import { parseAddress } from '#lib/address';
import { findMailHosts } from '#mail/destination';
import type { DeliveryOutcome, RemoteHost, Transmission, Transmitter } from '#mail/queue';
import type { Channel } from '#ports/channel';
import type { Clock } from '#ports/clock';
import type { Dialer } from '#ports/dialer';
import { DialFailed } from '#ports/dialer';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Resolver } from '#ports/resolver';
import { SmtpClient, type ClientTlsMode, type OpenOutcome } from '#proto/smtp-client';
import { plannedFailure } from '#server/localserve';
import { mailOf, outcomeOf } from './outcome.ts';

/** What transmitting needs. */
export interface SmtpTransmitterDeps {
  readonly dialer: Dialer;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Our name for EHLO. */
  readonly hostname: string;
  /** Addresses may ask for failures. */
  readonly isLocalserve: boolean;
  /** Our own port for incoming mail; null when there is none. */
  readonly ownSmtp: { readonly address: string; readonly port: number } | null;
}

/** One place to try. */
interface Hop {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

const smtpPort = 25;
const dialTimeoutMs = 30_000;
/** Addresses tried in one attempt. */
const maxHops = 20;

/** Makes the transactions of the queue. Each transmission is a connection of its own. */
export class SmtpTransmitter implements Transmitter {
  readonly #deps: SmtpTransmitterDeps;

  constructor(deps: SmtpTransmitterDeps) {
    this.#deps = deps;
  }

  async transmit(transmission: Transmission): Promise<DeliveryOutcome[]> {
    const planned = transmission.recipients.map(({ address }) => this.#planned(address));
    const rest = transmission.recipients.filter((_, i) => planned[i] === null);
    const outcomes = rest.length === 0 ? [] : await this.#toHosts({ ...transmission, recipients: rest });
    let next = 0;
    return planned.map((outcome) => outcome ?? outcomes[next++] ?? noOutcome);
  }

  /** What a localserve address asks to happen in the queue; null for nothing. */
  #planned(address: string): DeliveryOutcome | null {
    const failure = this.#deps.isLocalserve ? plannedFailure(localpartOf(address), 'queue') : null;
    if (failure === null) return null;
    const remote: RemoteHost = { name: 'localhost', ip: null };
    if (failure.kind === 'timeout')
      return { kind: 'deferred', reason: 'timeout asked for by the address', reply: null, remote };
    const { code, enhanced, text } = failure;
    const reply = { code, enhanced, text };
    const reason = `${code} ${enhanced} ${text}`;
    return code < 500
      ? { kind: 'deferred', reason, reply, remote }
      : { kind: 'refused', reason, reply, status: enhanced, remote };
  }

  async #toHosts(transmission: Transmission): Promise<DeliveryOutcome[]> {
    const hops = await this.#hops(transmission);
    if (!Array.isArray(hops)) return forAll(transmission, hops);
    const untried: DeliveryOutcome = { kind: 'deferred', reason: 'no host could be tried', reply: null, remote: null };
    let outcomes = forAll(transmission, untried);
    for (const hop of hops) {
      if (transmission.signal.aborted) break;
      const tried = await this.#tryHop(hop, transmission);
      outcomes = tried.outcomes;
      if (tried.kind === 'done') break;
    }
    return outcomes;
  }

  async #hops({ route, signal }: Transmission): Promise<Hop[] | DeliveryOutcome> {
    const { ownSmtp, hostname, resolver } = this.#deps;
    if (route.kind === 'local') {
      if (ownSmtp !== null) return [{ name: hostname, ...ownSmtp }];
      return { kind: 'deferred', reason: 'this server has no SMTP listener to deliver to', reply: null, remote: null };
    }
    const found = await findMailHosts(route.domain, resolver, (list) => this.#shuffled(list), signal);
    switch (found.kind) {
      case 'hosts':
        return found.hosts
          .flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address, port: smtpPort })))
          .slice(0, maxHops);
      case 'none':
        return { kind: 'refused', reason: found.reason, reply: null, status: found.status, remote: null };
      case 'later':
        return { kind: 'deferred', reason: found.reason, reply: null, remote: null };
    }
  }

  /** One host at one address: with TLS when it offers it, and again without when that failed (RFC 7435 §3). */
  async #tryHop(hop: Hop, transmission: Transmission): Promise<Tried> {
    const opportunistic: ClientTlsMode = { mode: 'opportunistic', tls: { serverName: hop.name, verify: 'report' } };
    const isLocal = transmission.route.kind === 'local';
    const first = await this.#session(hop, transmission, isLocal ? { mode: 'none' } : opportunistic);
    const isTlsTrouble = first.kind === 'next' && first.wasTls;
    return isTlsTrouble && transmission.tls !== 'required' ? this.#session(hop, transmission, { mode: 'none' }) : first;
  }

  async #session(hop: Hop, transmission: Transmission, tls: ClientTlsMode): Promise<Tried> {
    const { dialer, random, hostname } = this.#deps;
    const remote: RemoteHost = { name: hop.name, ip: hop.address };
    let channel: Channel;
    try {
      const { address, port } = hop;
      channel = await dialer.dial({ address, port, timeoutMs: dialTimeoutMs, signal: transmission.signal });
    } catch (error) {
      if (!(error instanceof DialFailed)) throw error;
      return next(transmission, { kind: 'deferred', reason: error.message, reply: null, remote });
    }
    const client = new SmtpClient({ channel, hostname, tls, random });
    const abort = (): void => client.destroy();
    transmission.signal.addEventListener('abort', abort, { once: true });
    try {
      return await talk(client, remote, transmission);
    } catch (error) {
      this.#deps.log.error('transmit.bug', { host: hop.name }, error);
      client.destroy();
      return next(transmission, { kind: 'deferred', reason: 'error on our side', reply: null, remote });
    } finally {
      transmission.signal.removeEventListener('abort', abort);
    }
  }

  #shuffled<T>(list: readonly T[]): T[] {
    const keys = this.#deps.random.bytes(list.length);
    return list
      .map((item, i) => ({ item, key: keys[i] ?? 0 }))
      .toSorted((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }
}

type Tried =
  | { readonly kind: 'done'; readonly outcomes: DeliveryOutcome[] }
  /** Nothing was accepted or refused for good; another address may do better. */
  | { readonly kind: 'next'; readonly outcomes: DeliveryOutcome[]; readonly wasTls: boolean };

const noOutcome: DeliveryOutcome = { kind: 'deferred', reason: 'no outcome', reply: null, remote: null };

function forAll({ recipients }: Transmission, outcome: DeliveryOutcome): DeliveryOutcome[] {
  return recipients.map(() => outcome);
}

function next(transmission: Transmission, outcome: DeliveryOutcome, wasTls = false): Tried {
  return { kind: 'next', outcomes: forAll(transmission, outcome), wasTls };
}

/** One transaction over a fresh connection. */
async function talk(client: SmtpClient, remote: RemoteHost, transmission: Transmission): Promise<Tried> {
  const opened = await client.open();
  const isOurs = transmission.route.kind === 'local';
  if (opened.kind !== 'ready') return notOpened(opened, remote, transmission);
  const results = await client.send(mailOf(transmission));
  await client.quit();
  const peer = { remote, isOurs, takesDsn: opened.extensions.dsn };
  const outcomes = results.map(({ outcome }) => outcomeOf(outcome, peer));
  // RFC 5321 §5.1: the next host is tried until one succeeds. Not when this one fell silent with the whole message in hand.
  const mayHaveIt = results.some(({ outcome }) => outcome.kind === 'failed' && outcome.stage === 'content');
  const isLater = !mayHaveIt && outcomes.every(({ kind }) => kind === 'deferred');
  return isLater ? { kind: 'next', outcomes, wasTls: false } : { kind: 'done', outcomes };
}

/** A host that will not talk is passed over, as if it were down: another may do better, now or later. */
function notOpened(
  opened: Exclude<OpenOutcome, { readonly kind: 'ready' }>,
  remote: RemoteHost,
  transmission: Transmission,
): Tried {
  const outcome = outcomeOf(opened, { remote, isOurs: false, takesDsn: false });
  const deferred: DeliveryOutcome =
    outcome.kind === 'refused' ? { kind: 'deferred', reason: outcome.reason, reply: outcome.reply, remote } : outcome;
  return next(transmission, deferred, opened.kind === 'failed' && opened.failure === 'tls');
}

function localpartOf(address: string): string {
  const parsed = parseAddress(address);
  return parsed.ok ? parsed.value.localpart : address.slice(0, address.lastIndexOf('@'));
}
