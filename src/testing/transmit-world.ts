import type { RouteTarget } from '#mail/routes';
import type { Secret } from '#lib/secret';
import type { DeliveryOutcome, Transmission, Transmitter } from '#mail/queue';
import type { MechanismName } from '#lib/sasl';
import { ChannelClosed, type Channel } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import type { Random } from '#ports/random';
import { SmtpSession, type SessionOptions } from '#proto/smtp-server';
import { channelPair, type ChannelPairOptions } from './channel-pair.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeLog } from './fake-log.ts';
import { FakeResolver } from './fake-resolver.ts';
import { FakeSmtpBackend } from './fake-smtp-backend.ts';

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

/** How the host behind an address behaves. */
export interface FakeHost {
  readonly startTls?: boolean;
  readonly dsn?: boolean;
  readonly pair?: ChannelPairOptions;
  /** Refuses connections at the banner. */
  readonly busy?: boolean;
  /** Its certificate is not right. */
  readonly badCertificate?: boolean;
  /** It is a submission service with these mechanisms. */
  readonly mechanisms?: readonly MechanismName[];
}

/** What a transmitter in the world of fakes is made of. */
export interface TransmitterParts {
  readonly network: FakeNetwork;
  readonly resolver: FakeResolver;
  readonly random: Random;
  readonly log: FakeLog;
  readonly hostname: string;
  readonly isLocalserve: boolean;
  readonly ownSmtp: { readonly address: string; readonly port: number };
}

/** The ways into the network, all of them the same. */
interface FakeNetwork {
  readonly dialer: Dialer;
  readonly withCertificate: (pem: { readonly certPem: string }) => Dialer;
  readonly through: (proxy: {
    readonly host: string;
    readonly port: number;
    readonly credentials?: { readonly user: string; readonly password: Secret };
  }) => Dialer;
}

/** A network of fake hosts by address (or, through a proxy, by name), and a transmitter in it. */
export class TransmitWorld implements Dialer {
  /** What was dialed: `address:port`, and what was wished beyond that. */
  readonly dialed: string[] = [];
  readonly backends = new Map<string, FakeSmtpBackend>();
  readonly log = new FakeLog();
  readonly #hosts: Readonly<Record<string, FakeHost>>;
  readonly #make: (parts: TransmitterParts) => Transmitter;

  constructor(hosts: Readonly<Record<string, FakeHost>>, make: (parts: TransmitterParts) => Transmitter) {
    this.#hosts = hosts;
    this.#make = make;
  }

  dial({ address, port, localAddress, tls }: Parameters<Dialer['dial']>[0]): Promise<Channel> {
    const from = localAddress === undefined ? '' : ` from ${localAddress}`;
    this.dialed.push(`${address}:${port}${from}${tls === undefined ? '' : ` with TLS, ${tls.verify}`}`);
    const host = this.#hosts[address];
    if (host === undefined) return Promise.reject(new DialFailed('connection refused'));
    if (tls?.verify === 'require' && host.badCertificate === true)
      return Promise.reject(new DialFailed('certificate has expired'));
    const { client, server } = channelPair({ ...host.pair, ...(tls !== undefined && { tls: true }) });
    if (host.badCertificate === true) {
      const startTls = client.startTls.bind(client);
      client.startTls = (wanted) => {
        if (wanted?.verify !== 'require') return startTls(wanted);
        client.destroy();
        return Promise.reject(new ChannelClosed('certificate has expired'));
      };
    }
    const session = new SmtpSession({
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
    isLocalserve = false,
  ): Promise<readonly DeliveryOutcome[]> {
    const transmitter = this.#make({
      network: this.#network(),
      resolver: new FakeResolver(zone, { failures: { 'broken.example': 'servfail' } }),
      random: { bytes: (count) => new Uint8Array(count) },
      log: this.log,
      hostname: 'us.example',
      isLocalserve,
      ownSmtp: { address: '127.0.0.1', port: 1025 },
    });
    const bytes = new TextEncoder().encode('Subject: x\r\n\r\nhello\r\n');
    return await transmitter.transmit({
      route,
      account: null,
      sender: 's@us.example',
      recipients: recipients.map((address, i) => ({ id: i, address, notify: 0, orcpt: null, attempts: 0 })),
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
      withCertificate: ({ certPem }) => {
        this.dialed.push(`with the certificate ${certPem.trim()}`);
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

function optionsOf({ startTls, dsn, mechanisms }: FakeHost, isTls: boolean): SessionOptions {
  return {
    kind: mechanisms === undefined ? 'mx' : isTls ? 'submissions' : 'submission',
    hostname: 'mx.example',
    startTls: startTls === true,
    authWithoutTls: false,
    mailNeedsTls: false,
    dsn: dsn === true,
    futureRelease: false,
    requireTls: true,
    pedantic: false,
  };
}

/** An outcome in a line, without what differs by chance. */
export function showOutcome(outcome: DeliveryOutcome): string {
  if (outcome.kind === 'delivered') return `delivered by ${outcome.remote.name}${outcome.final ? ' for good' : ''}`;
  return `${outcome.kind} ${outcome.reply?.code ?? outcome.reason} at ${outcome.remote?.name ?? 'nobody'}`;
}
