import { recipientId } from '#lib/ids';
import type { RouteTarget } from '#mail/routes';
import type { Secret } from '#lib/secret';
import type { DeliveryOutcome, Transmission, Transmitter } from '#mail/queue';
import { sqliteServerMigrations } from '#mail/schema';
import { TlsPolicies } from '#mail/tls-policies';
import type { MechanismName } from '#lib/sasl';
import { ChannelClosed, type Channel } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import type { Random } from '#ports/random';
import { SmtpSession, type SessionOptions } from '#proto/smtp-server';
import { addressOf } from './address.ts';
import { channelPair, type ChannelPairOptions, type FakeChannel } from './channel-pair.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeFetcher } from './fake-fetcher.ts';
import { FakeLog } from './fake-log.ts';
import { FakeResolver, type FakeZone } from './fake-resolver.ts';
import { FakeSmtpBackend } from './fake-smtp-backend.ts';
import { FakeLoop } from './fake-loop.ts';
import { MemoryDatabase } from './memory-database.ts';

const zone = {
  'two.example': {
    MX: [
      { preference: 20, exchange: 'mx2.example' },
      { preference: 10, exchange: 'mx1.example' },
    ],
  },
  'mx1.example': { A: ['192.0.2.1'] },
  'mx2.example': { A: ['192.0.2.2'] },
  'null.example': { MX: [{ preference: 0, exchange: '' }] },
  'both.example': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] },
  'relay.example': { A: ['192.0.2.1'] },
};

/** Behaviour of the host behind an address. */
export interface FakeHost {
  readonly startTls?: boolean;
  /** Offers STARTTLS and refuses it. */
  readonly startTlsRefused?: boolean;
  /** Does not offer REQUIRETLS. */
  readonly noRequireTls?: boolean;
  /** Changes what it says. */
  readonly rewrite?: (text: string) => string;
  readonly dsn?: boolean;
  readonly pair?: ChannelPairOptions;
  /** Refuses connections at the banner. */
  readonly busy?: boolean;
  /** The proxy on the way to it does not answer. */
  readonly proxyIsDown?: boolean;
  /** Its certificate is not right. */
  readonly badCertificate?: boolean;
  /** It is a submission service with these mechanisms. */
  readonly mechanisms?: readonly MechanismName[];
}

/** Parts of a transmitter in the world of fakes. */
export interface TransmitterParts {
  readonly network: FakeNetwork;
  readonly resolver: FakeResolver;
  readonly tlsPolicies: TlsPolicies;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly log: FakeLog;
  readonly hostname: string;
  readonly ownSmtp: { readonly address: string; readonly port: number };
}

/** The ways into the network, all of them the same. */
interface FakeNetwork {
  readonly dialer: Dialer;
  readonly withCertificates: (pem: {
    readonly own: { readonly certPem: string } | null;
    readonly trustedPem: string | null;
  }) => Dialer;
  readonly through: (proxy: {
    readonly host: string;
    readonly port: number;
    readonly credentials?: { readonly user: string; readonly password: Secret };
  }) => Dialer;
}

/** Differences of the world from one without policies and signed zones. */
export interface TransmitWorldOptions {
  /** DNS beside the usual. */
  readonly zone?: FakeZone;
  /** Names whose answers are DNSSEC-authentic. */
  readonly authentic?: readonly string[];
  /** Policies of MTA-STS by URL. */
  readonly policies?: Readonly<Record<string, string>>;
}

/** A network of fake hosts by address (or, through a proxy, by name), and a transmitter in it. */
export class TransmitWorld implements Dialer, AsyncDisposable {
  /** Dialed addresses: `address:port`, and further demands. */
  readonly dialed: string[] = [];
  /** The hosts' ends of connections, in the order of dialing. */
  readonly ends: FakeChannel[] = [];
  readonly backends = new Map<string, FakeSmtpBackend>();
  readonly clock = new FakeClock();
  readonly fetcher = new FakeFetcher();
  readonly log = new FakeLog();
  /** In memory in any case: the tests count turns of the event loop. */
  readonly db = new MemoryDatabase(sqliteServerMigrations);
  readonly tlsPolicies: TlsPolicies;
  readonly #hosts: Readonly<Record<string, FakeHost>>;
  readonly #transmitter: Transmitter & AsyncDisposable;

  constructor(
    hosts: Readonly<Record<string, FakeHost>>,
    make: (parts: TransmitterParts) => Transmitter & AsyncDisposable,
    { zone: more = {}, authentic = [], policies = {} }: TransmitWorldOptions = {},
  ) {
    const { db, clock, log, fetcher } = this;
    this.#hosts = hosts;
    for (const [url, text] of Object.entries(policies)) fetcher.serve(url, text);
    const failures = { 'broken.example': 'servfail' } as const;
    const resolver = new FakeResolver({ ...zone, ...more }, { failures, authentic });
    this.tlsPolicies = new TlsPolicies({ db, clock, log, fetcher, resolver });
    this.#transmitter = make({
      network: this.#network(),
      resolver,
      tlsPolicies: this.tlsPolicies,
      clock,
      random: { bytes: (count) => new Uint8Array(count) },
      log,
      hostname: 'us.example',
      ownSmtp: { address: '127.0.0.1', port: 1025 },
    });
  }

  /** Says goodbye to all hosts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transmitter[Symbol.asyncDispose]();
    await this.tlsPolicies[Symbol.asyncDispose]();
    await this.db[Symbol.asyncDispose]();
  }

  async dial(to: Parameters<Dialer['dial']>[0]): Promise<Channel> {
    const channel = await this.#connect(to);
    if (to.signal?.aborted !== true) return channel;
    channel.destroy();
    throw new DialFailed('given up', { cause: to.signal.reason });
  }

  #connect({ address, port, localAddress, tls }: Parameters<Dialer['dial']>[0]): Promise<Channel> {
    const from = localAddress === undefined ? '' : ` from ${localAddress}`;
    this.dialed.push(`${address}:${port}${from}${tls === undefined ? '' : ` with TLS, ${tls.verify}`}`);
    const host = this.#hosts[address];
    if (host === undefined) return Promise.reject(new DialFailed('connection refused'));
    if (host.proxyIsDown === true)
      return Promise.reject(new DialFailed('SOCKS proxy: no answer', { isEverywhere: true }));
    if (tls?.verify === 'require' && host.badCertificate === true)
      return Promise.reject(new DialFailed('certificate has expired'));
    const isGood = host.badCertificate !== true;
    const tlsSession = {
      peerVerified: isGood,
      peerProblem: isGood ? null : 'CERT_HAS_EXPIRED',
      ...host.pair?.tlsSession,
    };
    const { client, server } = channelPair({ ...host.pair, tlsSession, ...(tls !== undefined && { tls: true }) });
    this.ends.push(server);
    if (host.startTlsRefused === true) refuseStartTls(server);
    if (host.rewrite !== undefined) rewriteReplies(server, host.rewrite);
    if (host.badCertificate === true) {
      const startTls = client.startTls.bind(client);
      client.startTls = (wanted) => {
        if (wanted?.verify !== 'require') return startTls(wanted);
        client.destroy();
        return Promise.reject(new ChannelClosed('certificate has expired'));
      };
    }
    const session = new SmtpSession({
      loop: new FakeLoop(),
      channel: server,
      backend: this.#backend(address, host),
      options: optionsOf(host, tls !== undefined),
      clock: new FakeClock(),
      log: new FakeLog(),
      random: { bytes: (count) => new Uint8Array(count) },
      id: 'cid',
    });
    void session.run();
    return Promise.resolve(client);
  }

  /** Makes one transmission by a route. */
  async transmit(
    route: RouteTarget,
    recipients: readonly string[],
    more: Partial<Transmission> = {},
  ): Promise<readonly DeliveryOutcome[]> {
    const bytes = new TextEncoder().encode('Subject: x\r\n\r\nhello\r\n');
    return await this.#transmitter.transmit({
      route,
      account: null,
      sender: addressOf('s@us.example'),
      recipients: recipients.map((address, i) => ({
        id: recipientId(i + 1),
        address: addressOf(address),
        notify: 0,
        orcpt: null,
        attempts: 0,
      })),
      content: {
        sizeBytes: bytes.length,
        bytes: (start, end) => Promise.resolve(bytes.subarray(start, end)),
        async *stream() {
          yield await Promise.resolve(bytes);
        },
      },
      has8bit: false,
      smtputf8: false,
      tls: 'default',
      envid: null,
      ret: null,
      signal: new AbortController().signal,
      ...more,
    });
  }

  #network(): FakeNetwork {
    return {
      dialer: this,
      withCertificates: ({ own, trustedPem }) => {
        if (own !== null) this.dialed.push(`with the certificate ${own.certPem.trim()}`);
        if (trustedPem !== null) this.dialed.push(`trusting ${trustedPem.trim()}`);
        return this;
      },
      through: ({ host, port, credentials }) => {
        const as = credentials === undefined ? '' : ` as ${credentials.user} ${credentials.password.reveal()}`;
        this.dialed.push(`through ${host}:${port}${as}`);
        return this;
      },
    };
  }

  #backend(address: string, { mechanisms, busy }: FakeHost): FakeSmtpBackend {
    const known = this.backends.get(address);
    const backend = known ?? new FakeSmtpBackend(mechanisms === undefined ? {} : { mechanisms });
    this.backends.set(address, backend);
    if (busy === true) backend.notAdmitted = new Error('busy');
    return backend;
  }
}

/** The host says no to STARTTLS, and goes on without. */
function refuseStartTls(server: FakeChannel): void {
  const write = server.write.bind(server);
  const read = server.read.bind(server);
  server.read = async (timeoutMs) => {
    const bytes = await read(timeoutMs);
    if (bytes === null || !new TextDecoder().decode(bytes).startsWith('STARTTLS')) return bytes;
    await write(new TextEncoder().encode('454 4.7.0 not just now\r\n'));
    return await server.read(timeoutMs);
  };
}

function rewriteReplies(server: FakeChannel, rewrite: (text: string) => string): void {
  const write = server.write.bind(server);
  server.write = (bytes, ...more) => {
    const text = new TextDecoder().decode(bytes);
    const changed = rewrite(text);
    return write(changed === text ? bytes : new TextEncoder().encode(changed), ...more);
  };
}

function optionsOf({ startTls, noRequireTls, dsn, mechanisms }: FakeHost, isTls: boolean): SessionOptions {
  return {
    kind: mechanisms === undefined ? 'mx' : isTls ? 'submissions' : 'submission',
    hostname: 'mx.example',
    startTls: startTls === true,
    authWithoutTls: false,
    mailNeedsTls: false,
    dsn: dsn === true,
    futureRelease: false,
    requireTls: noRequireTls !== true,
    pedantic: false,
  };
}

/** An outcome in a line, without what differs by chance. */
export function showOutcome(outcome: DeliveryOutcome): string {
  if (outcome.kind === 'delivered') return `delivered by ${outcome.remote.name}${outcome.final ? ' for good' : ''}`;
  return `${outcome.kind} ${outcome.reply?.code ?? outcome.reason} at ${outcome.remote?.name ?? 'nobody'}`;
}
