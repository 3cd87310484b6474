import { isPermanent } from '#lib/smtp';
import type { DeliveryOutcome, RemoteHost, Transmission } from '#mail/queue';
import type { TlsPolicies } from '#mail/tls-policies';
import type { Channel } from '#ports/channel';
import type { Clock } from '#ports/clock';
import { DialFailed } from '#ports/dialer';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { SmtpClient, type OpenOutcome, type RecipientResult } from '#proto/smtp-client';
import type { HostAddress } from './host-addresses.ts';
import { defaultPoolLimits } from './limits.ts';
import { mailOf, outcomeOf } from './client-outcome.ts';
import { cutShort, forAll, later, tryNext, unsafe, type HostResult } from './host-result.ts';
import type { ConnectionPool, PooledConnection } from './pool.ts';
import { fits, sessionOf, tlsMode, tlsRecord, type SkippedHost, type Security } from './security.ts';
import type { SessionSettings } from './session-settings.ts';

const dialTimeoutMs = 30_000;
/** At the end of an attempt, also as the server stops: how long a host that has the whole message may take to say what becomes of it. */
const verdictMs = 3000;

/** Dependencies of `HostSession`. */
export interface HostSessionDeps {
  readonly random: Random;
  readonly log: Log;
  readonly clock: Clock;
  readonly pool: ConnectionPool;
  readonly tlsPolicies: Pick<TlsPolicies, 'judge'>;
}

/** One SMTP session with one host for one transmission: over a pooled connection, or over a new one. */
export class HostSession {
  readonly #host: HostAddress;
  readonly #settings: SessionSettings;
  readonly #transmission: Transmission;
  readonly #deps: HostSessionDeps;
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(host: HostAddress, settings: SessionSettings, transmission: Transmission, deps: HostSessionDeps) {
    this.#host = host;
    this.#settings = settings;
    this.#transmission = transmission;
    this.#deps = deps;
  }

  /**
   * Never rejects for what the host does.
   * @param untilMs  When to give up for another host, by the monotonic clock; not while content is sent.
   * @throws SecretUnavailable, or the signal's reason
   */
  async run(untilMs: number): Promise<HostResult> {
    this.#untilMs = untilMs;
    const security = await this.#settings.security(this.#host);
    if (security.kind === 'skip') return this.#skipped(security, this.#remoteHost());
    const key = this.#key(security);
    const result = (await this.#reuse(security, key)) ?? (await this.#connect(security, key));
    return cutShort(result, this.#transmission.signal);
  }

  /** Does the same as `run`, but only over a pooled connection: null when none takes the message. */
  async runPooled(untilMs: number): Promise<HostResult | null> {
    this.#untilMs = untilMs;
    const security = await this.#settings.security(this.#host);
    const result = security.kind === 'skip' ? null : await this.#reuse(security, this.#key(security));
    return result === null ? null : cutShort(result, this.#transmission.signal);
  }

  async #reuse(security: Security, key: string): Promise<HostResult | null> {
    const { pool, clock } = this.#deps;
    const connection = pool.take(key, (known) => fits(known, security, clock.now()));
    if (connection === null) return null;
    return await this.#guarded(connection.client, () => this.#talk(connection, security, key, true));
  }

  #key({ when, tls }: Security): string {
    const { name, address, port, localAddress = '' } = this.#host;
    const { hostname, owner } = this.#settings;
    const ends = `${name} ${address} ${port} ${localAddress} ${hostname}`;
    return this.#deps.pool.key(owner, `${ends} ${when} ${tls.serverName} ${tls.verify}`);
  }

  async #connect(security: Security, key: string): Promise<HostResult> {
    const { signal } = this.#transmission;
    const { name: _, ...endpoint } = this.#host;
    const { dialer, credentials } = await this.#settings.connector();
    const immediate = security.when === 'immediate' ? { tls: security.tls } : {};
    let channel: Channel;
    try {
      channel = await dialer.dial({ ...endpoint, ...immediate, timeoutMs: dialTimeoutMs, signal });
    } catch (error) {
      if (!(error instanceof DialFailed)) throw error;
      const { message, isEverywhere } = error;
      const outcomes = forAll(this.#transmission, later(message, this.#remoteHost()));
      return { kind: 'tryNext', outcomes, isEverywhere };
    }
    const client = new SmtpClient({
      channel,
      hostname: this.#settings.hostname,
      tls: tlsMode(security),
      random: this.#deps.random,
      clock: this.#deps.clock,
      ...(credentials !== undefined && { credentials }),
    });
    const result = await this.#guarded(client, () => this.#open(client, channel, security, key));
    return result ?? (await this.#connect({ ...security, when: 'never' }, key));
  }

  /** Opens a new connection and uses it. Null when it is to be made again without TLS. */
  async #open(client: SmtpClient, channel: Channel, security: Security, key: string): Promise<HostResult | null> {
    const { pool, clock, tlsPolicies } = this.#deps;
    const { decided } = security;
    const opened = await client.open(this.#untilMs);
    // The goodbye need not be waited for.
    if (opened.kind !== 'ready') pool.quit(client);
    const session = sessionOf(opened, security);
    if (session !== null) {
      const verdict = tlsPolicies.judge(decided, session, this.#ends(client, channel));
      if (verdict.kind === 'skip') {
        if (opened.kind === 'ready') pool.quit(client);
        const reason = `${verdict.reason}; demanded is ${security.demand}`;
        return this.#skipped({ ...verdict, reason }, this.#remote({ client, tls: channel.tls }, security), opened);
      }
      // RFC 7435 §3. A host that refused STARTTLS need not be left for that.
      if (verdict.kind === 'retry-plaintext' && opened.kind !== 'ready') return null;
    }
    if (opened.kind !== 'ready') return this.#notOpened(opened, this.#remote({ client, tls: channel.tls }, security));
    if (decided.requireTls === 'must' && !(opened.extensions.requireTls && opened.tls !== null)) {
      pool.quit(client);
      // RFC 8689 §4.2.1
      const reason = 'REQUIRETLS: the host does not offer it';
      return this.#skipped({ reason, status: '5.7.30' }, this.#remote({ client, tls: channel.tls }, security));
    }
    const connection: PooledConnection = {
      client,
      tls: opened.tls,
      session: session ?? { kind: 'not-offered' },
      madeMs: clock.monotonic(),
      messages: 0,
    };
    return await this.#talk(connection, security, key, false);
  }

  /** Sends the message. Null when a connection that was used before takes no more, and the message has nothing to do with it. */
  async #talk(
    connection: PooledConnection,
    security: Security,
    key: string,
    isReused: boolean,
  ): Promise<HostResult | null> {
    const { client, tls } = connection;
    const { pool } = this.#deps;
    const { requireTls } = security.decided;
    const offered = requireTls !== 'no' && tls !== null && client.extensions.requireTls;
    const results = await client.send(mailOf(this.#transmission, requireTls === 'must' || offered), this.#untilMs);
    this.#logUnreadable(results);
    if (isReused && hasEnough(results)) {
      pool.quit(client);
      return null;
    }
    connection.messages += 1;
    const remote = this.#remote(connection, security, { isReused, isGood: true });
    const peer = { remote, isOurs: this.#settings.isOurs === true, takesDsn: client.extensions.dsn };
    const outcomes = results.map(({ outcome }) => outcomeOf(outcome, peer));
    if (this.#mayCarryMore(connection, outcomes)) pool.give(key, connection);
    else pool.quit(client);
    // RFC 5321 §5.1: the next host is tried until one succeeds. Not when this one fell silent with the whole message in hand.
    const fellSilent = results.some(({ outcome }) => outcome.kind === 'failed' && outcome.mayBeTaken === true);
    const lacking = results.flatMap(({ outcome }, i) => (isNotOffered(outcome) ? [i] : []));
    const isLater = !fellSilent && outcomes.every(({ kind }, i) => kind === 'deferred' || lacking.includes(i));
    return isLater ? { kind: 'tryNext', outcomes } : { kind: 'final', outcomes, fellSilent, lacking };
  }

  /** Logs for the operator that the message could not be read; the sender learns only that it was not delivered. */
  #logUnreadable(results: readonly RecipientResult[]): void {
    const found = results.find(({ outcome }) => outcome.kind === 'failed' && outcome.failure === 'unreadable')?.outcome;
    if (found?.kind === 'failed') this.#deps.log.error('transmit.unreadable', { host: this.#host.name }, found.cause);
  }

  #mayCarryMore({ client, messages }: PooledConnection, outcomes: readonly DeliveryOutcome[]): boolean {
    const { mailMax } = client.extensions.limits;
    const { setMessages, usualMessages } = this.#settings;
    const isExim = /\bExim\b/.test(client.greeting);
    const most = setMessages ?? (isExim ? Math.min(usualMessages, defaultPoolLimits.maxEximMessages) : usualMessages);
    return (
      client.isUsable &&
      messages < most &&
      (mailMax === null || client.transactions < mailMax) &&
      outcomes.some(({ kind }) => kind === 'delivered')
    );
  }

  /** Runs a dialogue that ends when the attempt does. */
  async #guarded(client: SmtpClient, dialogue: () => Promise<HostResult | null>): Promise<HostResult | null> {
    const { signal } = this.#transmission;
    using grace = new DisposableStack();
    const abort = (): void => {
      if (client.stop()) grace.use(this.#deps.clock.timer(verdictMs, () => client.destroy()));
    };
    signal.addEventListener('abort', abort, { once: true });
    // It may be over since it was looked at last: then nothing tells any more.
    if (signal.aborted) abort();
    try {
      return await dialogue();
    } catch (error) {
      this.#deps.log.error('transmit.bug', { host: this.#host.name }, error);
      client.destroy();
      return tryNext(this.#transmission, later('error on our side', this.#remoteHost()));
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** A host that will not talk is passed over, as if it were down: another may do better, now or later. */
  #notOpened(opened: Exclude<OpenOutcome, { readonly kind: 'ready' }>, remote: RemoteHost): HostResult {
    const outcome = outcomeOf(opened, { remote, isOurs: false, takesDsn: false });
    const deferred = outcome.kind === 'refused' ? later(outcome.reason, remote, outcome.reply) : outcome;
    if (deferred.kind !== 'deferred' || !isLoginRefused(opened)) return tryNext(this.#transmission, deferred);
    // Other addresses of the server know the same passwords, and each refusal may lock the account.
    const outcomes = forAll(this.#transmission, { ...deferred, isLoginRefused: true });
    return { kind: 'tryNext', outcomes, isEverywhere: true };
  }

  /** Returns the result of a host to which nothing may be sent. A reply of its own is the reason when there is hope. */
  #skipped(
    { reason, status }: Pick<SkippedHost, 'reason' | 'status'>,
    remote: RemoteHost,
    opened?: OpenOutcome,
  ): HostResult {
    if (opened?.kind === 'refused' && status.startsWith('4')) return this.#notOpened(opened, remote);
    return tryNext(this.#transmission, unsafe(reason, status, remote));
  }

  /** Returns the host, before there was a connection. */
  #remoteHost(): RemoteHost {
    return { name: this.#host.name, ip: this.#settings.isByName === true ? null : this.#host.address };
  }

  /** The host with what is kept about the connection. @param isGood  Whether TLS is as demanded. */
  #remote(
    { client, tls }: Pick<PooledConnection, 'client' | 'tls'>,
    security: Security,
    { isReused, isGood } = { isReused: false, isGood: false },
  ): RemoteHost {
    return {
      ...this.#remoteHost(),
      session: {
        demand: security.demand,
        tls: tlsRecord(tls, security.decided, isGood),
        mechanism: client.mechanism,
        isReused,
        dialogue: client.takeDialogue(),
      },
    };
  }

  #ends(client: SmtpClient, channel: Channel) {
    const isDirect = this.#settings.isByName !== true;
    return {
      sendingIp: isDirect ? channel.local.address : null,
      receivingIp: isDirect ? channel.remote.address : null,
      mxHost: this.#host.name,
      mxHelo: client.extensions.serverName || null,
    };
  }
}

/**
 * The connection ended before there was an answer to MAIL, or the host has enough of it, which not all say by 421. That it ended just after the host
 * took the message is so much rarer than that it had waited too long that the risk of a second copy is taken.
 */
function hasEnough(results: readonly RecipientResult[]): boolean {
  return results.every(({ outcome }) => {
    if (outcome.kind === 'accepted') return false;
    // Whatever comes of RSET is about the connection.
    if (outcome.stage === 'reset') return outcome.kind === 'refused' || isBroken.has(outcome.failure);
    if (outcome.stage !== 'mail') return false;
    return outcome.kind === 'refused' ? outcome.reply.code < 500 : isBroken.has(outcome.failure);
  });
}

/** The server knows who we say that we are, and does not believe it. 4xx passes by itself (RFC 4954 §6). */
function isLoginRefused(opened: Exclude<OpenOutcome, { readonly kind: 'ready' }>): boolean {
  if (opened.stage !== 'auth') return false;
  return opened.kind === 'refused' ? isPermanent(opened.reply) : opened.failure === 'login';
}

/** The host has said nothing of the message: it cannot be asked to take it. Other hosts of the domain may offer more. */
function isNotOffered(outcome: RecipientResult['outcome']): boolean {
  return outcome.kind === 'failed' && extensionFailures.has(outcome.failure);
}

const extensionFailures: ReadonlySet<string> = new Set(['smtputf8', '8bitmime', 'size', 'requiretls']);

const isBroken: ReadonlySet<string> = new Set(['closed', 'tls', 'protocol']);
