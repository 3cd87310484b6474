import { QueueWorld } from '#testing/queue-world';
import { channelPair, type FakeChannel } from '#testing/channel-pair';
import { FakeFetcher } from '#testing/fake-fetcher';
import { FakeResolver, type FakeZone } from '#testing/fake-resolver';
import { Files } from '#host/files';
import { SocksClient, type SocksStep } from '#lib/socks';
import { routingTable } from '#mail/routes';
import { parseConfigFiles } from '#mail/config';
import type { QueueItem } from '#mail/queue';
import { TlsPolicies } from '#mail/tls-policies';
import { ChannelClosed, ChannelTimeout, type Channel } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import { SmtpTransmitter, TransportSecrets } from '#server/transmit';
import { FaultyHost } from './faulty-host.ts';
import type { Fault } from './faults.ts';
import type { Misdeed } from './misdeeds.ts';

/** Which hosts have the fault, and for how long. */
export type Extent =
  /** The preferred host of two, or the records of its name. */
  | 'first of two'
  /** The only host, for ever. */
  | 'always'
  /** The only host, until the first attempt is over. */
  | 'at first';

const names = ['mx1.example', 'mx2.example'] as const;
const addresses: Readonly<Record<string, string>> = { 'mx1.example': '192.0.2.1', 'mx2.example': '192.0.2.2' };
const handshakeTimeoutMs = 30_000;
const dialTimeoutMs = 30_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const sender = 'you@us.example';
const recipient = 'friend@far.example';

/** A queue, the transmitter, and hosts of which one or all have a fault. */
export class FaultWorld implements AsyncDisposable {
  readonly world = new QueueWorld({ keepFinishedMs: 30 * 24 * hourMs });
  readonly hosts: readonly FaultyHost[];
  /** Names of the hosts that were dialed, in order. */
  readonly dialed: string[] = [];
  readonly #fault: Fault;
  readonly #extent: Extent;
  readonly #policies: TlsPolicies;
  readonly #transmitter: SmtpTransmitter;
  #isOver = false;

  constructor(fault: Fault, extent: Extent) {
    this.#fault = fault;
    this.#extent = extent;
    const { clock, log, db } = this.world;
    const present = extent === 'first of two' ? names : names.slice(0, 1);
    this.hosts = present.map((name) => new FaultyHost(name, fault.nature, clock));
    for (const host of extent === 'first of two' ? this.hosts.slice(0, 1) : this.hosts) host.lacks = fault.lacks ?? [];
    const fetcher = new FakeFetcher();
    if (fault.stsPolicy !== undefined)
      fetcher.serve('https://mta-sts.far.example/.well-known/mta-sts.txt', fault.stsPolicy);
    const resolver = this.#resolver();
    this.#policies = new TlsPolicies({ resolver, clock, log, fetcher, db });
    const dialer: Dialer = { dial: (to) => this.#dial(to) };
    this.#transmitter = new SmtpTransmitter({
      network: { dialer, withCertificates: () => dialer, through: () => this.#proxied(dialer) },
      resolver,
      secrets: new TransportSecrets({ files: new Files(), folder: 'nowhere' }),
      tlsPolicies: this.#policies,
      clock,
      random: { bytes: (count) => new Uint8Array(count) },
      log,
      hostname: 'us.example',
      ownSmtp: null,
    });
    // A message of one recipient: its transmission is the whole of it.
    this.world.answer = async (_address, transmission) => {
      const [outcome] = await this.#transmitter.transmit(transmission);
      if (outcome === undefined) throw new Error('no outcome');
      return outcome;
    };
  }

  /** Queues a message and lets its first attempt end. */
  async begin(): Promise<QueueItem> {
    const { world } = this;
    await world.reroute(tableOf(this.#fault.transport));
    await world.start();
    const { lines = 1, message = {} } = this.#fault;
    const { line = 'hello', smtputf8 = false } = message;
    const text = `Subject: x\r\nMessage-ID: <1@us.example>\r\n\r\n${`${line}\r\n`.repeat(lines)}`;
    const bytes = new TextEncoder().encode(text);
    await world.send([message.recipient ?? recipient], {
      sender,
      body: { kind: 'inline', bytes },
      has8bit: bytes.some((byte) => byte > 127),
      smtputf8,
    });
    for (let minutes = 0; minutes < 45; minutes += 1) {
      const item = await this.item();
      if (item.attempts > 0 || item.lastReply !== null) break;
      await world.clock.advance(minuteMs);
    }
    if (this.#extent === 'at first') {
      this.#isOver = true;
      for (const host of this.hosts) host.lacks = [];
    }
    return await this.item();
  }

  /** Lets time pass until nothing more can happen, goodbyes included. */
  async end(): Promise<QueueItem> {
    await this.world.clock.advance(3 * 24 * hourMs);
    return await this.item();
  }

  async item(): Promise<QueueItem> {
    const [item] = await this.world.queue.list();
    if (item === undefined) throw new Error('the message is gone');
    return item;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world.clock.advance(minuteMs);
    await this.#transmitter[Symbol.asyncDispose]();
    await this.#policies[Symbol.asyncDispose]();
    await this.world[Symbol.asyncDispose]();
  }

  #resolver(): FakeResolver {
    const { dns = {}, zone: more = {}, authentic = [] } = this.#fault;
    const hosts = this.hosts.map(({ name }) => name);
    const zone: FakeZone = {
      'far.example': { MX: hosts.map((exchange, i) => ({ preference: 10 * (i + 1), exchange })) },
      'relay.example': { A: hosts.map((name) => addresses[name] ?? '') },
      ...Object.fromEntries(hosts.map((name) => [name, { A: [addresses[name] ?? ''] }])),
    };
    const good = new FakeResolver(zone, { authentic });
    const bad = new FakeResolver({ ...zone, ...more }, { failures: dns, authentic });
    const query: FakeResolver['query'] = (...question) => (this.#isOver ? good : bad).query(...question);
    return Object.assign(Object.create(bad) as FakeResolver, { query });
  }

  /** Returns the host's current misbehaviour; null when it behaves. */
  #misdeedOf(host: FaultyHost): Fault['misdeed'] {
    const isFaulty = !this.#isOver && (this.#extent !== 'first of two' || host === this.hosts[0]);
    return isFaulty ? this.#fault.misdeed : null;
  }

  async #dial({ address, tls, signal }: Parameters<Dialer['dial']>[0]): Promise<Channel> {
    const host = this.hosts.find(({ name }) => name === address || addresses[name] === address);
    if (host === undefined) throw new DialFailed('no such host');
    if (signal?.aborted === true) throw new DialFailed('given up');
    this.dialed.push(host.name);
    const misdeed = this.#misdeedOf(host);
    const how = misdeed?.stage === 'connection' ? misdeed.how : null;
    if (how?.kind === 'refuses') throw new DialFailed(how.reason);
    if (how?.kind === 'silent') {
      await this.world.clock.sleep(dialTimeoutMs, signal);
      throw new DialFailed(`no answer within ${dialTimeoutMs / 1000} s`);
    }
    const isBad = misdeed?.how.kind === 'bad-certificate';
    if (tls?.verify === 'require' && isBad) throw new DialFailed('TLS failed: certificate has expired');
    const { client, server } = channelPair({
      serverAddress: addresses[host.name] ?? '',
      tls: tls !== undefined,
      tlsSession: isBad
        ? { peerVerified: false, peerProblem: 'certificate has expired' }
        : { peerVerified: true, peerProblem: null },
    });
    this.#giveTime(client, host, misdeed?.how ?? null);
    void host.serve(server, misdeed);
    return client;
  }

  /** Lets reads and handshakes run into their limits by the fake clock, and fail in the words that a socket's channel has. */
  #giveTime(client: FakeChannel, host: FaultyHost, how: Misdeed | null): void {
    const { clock } = this.world;
    let isOurEnd = false;
    const destroy = client.destroy.bind(client);
    client.destroy = () => {
      isOurEnd = true;
      destroy();
    };
    const inRealWords = (error: unknown): never => {
      if (error instanceof ChannelTimeout) throw new ChannelTimeout('the peer was silent for too long');
      throw new ChannelClosed(isOurEnd ? 'the channel was destroyed' : 'the connection is closed');
    };
    const read = client.read.bind(client);
    client.read = async (timeoutMs) => {
      using _timer = clock.timer(timeoutMs, () => client.timeout());
      return await read(timeoutMs).catch(inRealWords);
    };
    const write = client.write.bind(client);
    client.write = async (bytes, timeoutMs = Number.POSITIVE_INFINITY, onSent) => {
      const waitMs = host.isDeaf ? timeoutMs : host.takesMs;
      if (waitMs > 0) await clock.sleep(Math.min(waitMs, timeoutMs));
      if (!host.isDeaf) return await write(bytes, timeoutMs, onSent).catch(inRealWords);
      client.destroy();
      throw new ChannelTimeout(`the peer did not take our bytes within ${timeoutMs} ms`);
    };
    const startTls = client.startTls.bind(client);
    client.startTls = async (wanted) => {
      const isRefused = how?.kind === 'bad-certificate' && wanted?.verify === 'require';
      if (isRefused || how?.kind === 'alert') {
        client.destroy();
        throw new ChannelClosed(
          isRefused ? 'TLS failed: certificate has expired' : 'TLS failed: alert handshake failure',
        );
      }
      const late = Promise.withResolvers<never>();
      using _timer = clock.timer(handshakeTimeoutMs, () =>
        late.reject(new ChannelTimeout('the TLS handshake took too long')),
      );
      return await Promise.race([startTls(wanted), late.promise]);
    };
  }

  /** A SOCKS proxy that answers with the fault's bytes when it is asked for the first host, or for any. */
  #proxied(dialer: Dialer): Dialer {
    return {
      dial: async (to) => {
        const host = this.hosts.find(({ name }) => name === to.address);
        const isFaulty = !this.#isOver && (this.#extent !== 'first of two' || host === this.hosts[0]);
        const answers = isFaulty ? (this.#fault.proxyAnswers ?? []) : goodAnswers;
        const client = new SocksClient({ target: { host: to.address, port: to.port } });
        let step: SocksStep = { kind: 'more' };
        for (const answer of answers) step = client.push(Uint8Array.from(answer));
        if (step.kind !== 'failed' && step.kind !== 'connected') step = client.end();
        if (step.kind === 'connected') return await dialer.dial(to);
        if (host !== undefined) this.dialed.push(host.name);
        const isEverywhere = step.kind === 'failed' && step.blame === 'proxy';
        const reason = step.kind === 'failed' ? step.reason : step.kind;
        throw new DialFailed(`SOCKS proxy 127.0.0.1:1080: ${reason}`, { isEverywhere });
      },
    };
  }
}

const goodAnswers = [
  [5, 0],
  [5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
];

/** The routes of a server with one transport for all, or without any. */
function tableOf(transport: string | undefined) {
  const more = transport === undefined ? '' : `, transports: { t: { ${transport} } }, routes: [{ transport: t }]`;
  const server = `{ hostname: us.example, postmaster: a, listeners: {}${more} }`;
  const domains = '{ domains: { us.example: {} }, accounts: { a: { addresses: [a@us.example] } } }';
  return routingTable(parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains }));
}
