import { isPermanent } from '#lib/smtp';
import type { DeliveryOutcome, RemoteHost, Transmission } from '#mail/queue';
import type { Channel } from '#ports/channel';
import { DialFailed } from '#ports/dialer';
import { SmtpClient, type OpenOutcome, type RecipientResult } from '#proto/smtp-client';
import type { Hop } from './hops.ts';
import { defaultPoolLimits } from './limits.ts';
import { mailOf, outcomeOf } from './outcome.ts';
import { cutShort, forAll, later, next, unsafe, type Tried } from './outcomes.ts';
import type { Line } from './pool.ts';
import { fits, sessionOf, tlsMode, tlsRecord, type Left, type Security } from './security.ts';
import type { Manner, VisitDeps } from './visit.ts';

const dialTimeoutMs = 30_000;
/** At the end of an attempt, also as the server stops: how long a host that has the whole message may take to say what becomes of it. */
const verdictMs = 3000;

/** One attempt at one place: over a connection that waits there for another message, or over a new one. */
export class HopVisit {
  readonly #hop: Hop;
  readonly #manner: Manner;
  readonly #transmission: Transmission;
  readonly #deps: VisitDeps;
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(hop: Hop, manner: Manner, transmission: Transmission, deps: VisitDeps) {
    this.#hop = hop;
    this.#manner = manner;
    this.#transmission = transmission;
    this.#deps = deps;
  }

  /**
   * Never rejects for what the host does.
   * @param untilMs  When to give up for another host, by the monotonic clock; not while content is sent.
   * @throws SecretUnavailable, or the signal's reason
   */
  async run(untilMs: number): Promise<Tried> {
    this.#untilMs = untilMs;
    const wanted = this.#manner.security(this.#hop);
    const security = wanted instanceof Promise ? await wanted : wanted;
    if (security.kind === 'left') return this.#left(security, this.#host());
    const key = this.#key(security);
    const tried = (await this.#reuse(security, key)) ?? (await this.#connect(security, key));
    return cutShort(tried, this.#transmission.signal);
  }

  /** As `run`, but makes no connection: null when none waits that takes the message. */
  async again(untilMs: number): Promise<Tried | null> {
    this.#untilMs = untilMs;
    const security = await this.#manner.security(this.#hop);
    const tried = security.kind === 'left' ? null : await this.#reuse(security, this.#key(security));
    return tried === null ? null : cutShort(tried, this.#transmission.signal);
  }

  async #reuse(security: Security, key: string): Promise<Tried | null> {
    const { pool, clock } = this.#deps;
    const line = pool.take(key, (known) => fits(known, security, clock.now()));
    if (line === null) return null;
    return await this.#guarded(line.client, () => this.#talk(line, security, key, true));
  }

  #key({ when, tls }: Security): string {
    const { name, address, port, localAddress = '' } = this.#hop;
    const { hostname, owner } = this.#manner;
    const place = `${name} ${address} ${port} ${localAddress} ${hostname}`;
    return this.#deps.pool.key(owner, `${place} ${when} ${tls.serverName} ${tls.verify}`);
  }

  async #connect(security: Security, key: string): Promise<Tried> {
    const { signal } = this.#transmission;
    const { name: _, ...place } = this.#hop;
    const { dialer, credentials } = await this.#manner.means();
    const immediate = security.when === 'immediate' ? { tls: security.tls } : {};
    let channel: Channel;
    try {
      channel = await dialer.dial({ ...place, ...immediate, timeoutMs: dialTimeoutMs, signal });
    } catch (error) {
      if (!(error instanceof DialFailed)) throw error;
      const { message, isEverywhere } = error;
      const outcomes = forAll(this.#transmission, later(message, this.#host()));
      return { kind: 'next', outcomes, isEverywhere };
    }
    const client = new SmtpClient({
      channel,
      hostname: this.#manner.hostname,
      tls: tlsMode(security),
      random: this.#deps.random,
      clock: this.#deps.clock,
      ...(credentials !== undefined && { credentials }),
    });
    const tried = await this.#guarded(client, () => this.#open(client, channel, security, key));
    return tried ?? (await this.#connect({ ...security, when: 'never' }, key));
  }

  /** Opens a new connection and uses it. Null when it is to be made again without TLS. */
  async #open(client: SmtpClient, channel: Channel, security: Security, key: string): Promise<Tried | null> {
    const { pool, clock, tlsPolicies } = this.#deps;
    const { decided } = security;
    const opened = await client.open(this.#untilMs);
    // The goodbye need not be waited for.
    if (opened.kind !== 'ready') pool.retire(client);
    const session = sessionOf(opened, security);
    if (session !== null) {
      const verdict = tlsPolicies.judge(decided, session, this.#ends(client, channel));
      if (verdict.kind === 'leave') {
        if (opened.kind === 'ready') pool.retire(client);
        const reason = `${verdict.reason}; demanded is ${security.demand}`;
        return this.#left({ ...verdict, reason }, this.#remote({ client, tls: channel.tls }, security), opened);
      }
      // RFC 7435 §3. A host that refused STARTTLS need not be left for that.
      if (verdict.kind === 'retry-in-clear' && opened.kind !== 'ready') return null;
    }
    if (opened.kind !== 'ready') return this.#notOpened(opened, this.#remote({ client, tls: channel.tls }, security));
    if (decided.requireTls === 'must' && !(opened.extensions.requireTls && opened.tls !== null)) {
      pool.retire(client);
      // RFC 8689 §4.2.1
      const reason = 'REQUIRETLS: the host does not offer it';
      return this.#left({ reason, status: '5.7.30' }, this.#remote({ client, tls: channel.tls }, security));
    }
    const line: Line = {
      client,
      tls: opened.tls,
      session: session ?? { kind: 'not-offered' },
      madeMs: clock.monotonic(),
      messages: 0,
    };
    return await this.#talk(line, security, key, false);
  }

  /** One message. Null when a connection that was used before takes no more, and the message has nothing to do with it. */
  async #talk(line: Line, security: Security, key: string, isReused: boolean): Promise<Tried | null> {
    const { client, tls } = line;
    const { pool } = this.#deps;
    const { requireTls } = security.decided;
    const offered = requireTls !== 'no' && tls !== null && client.extensions.requireTls;
    const results = await client.send(mailOf(this.#transmission, requireTls === 'must' || offered), this.#untilMs);
    this.#tellUnreadable(results);
    if (isReused && hasEnough(results)) {
      pool.retire(client);
      return null;
    }
    line.messages += 1;
    const remote = this.#remote(line, security, { isReused, isGood: true });
    const peer = { remote, isOurs: this.#manner.isOurs === true, takesDsn: client.extensions.dsn };
    const outcomes = results.map(({ outcome }) => outcomeOf(outcome, peer));
    if (this.#mayCarryMore(line, outcomes)) pool.give(key, line);
    else pool.retire(client);
    // RFC 5321 §5.1: the next host is tried until one succeeds. Not when this one fell silent with the whole message in hand.
    const fellSilent = results.some(({ outcome }) => outcome.kind === 'failed' && outcome.mayBeTaken === true);
    const lacking = results.flatMap(({ outcome }, i) => (isNotOffered(outcome) ? [i] : []));
    const isLater = !fellSilent && outcomes.every(({ kind }, i) => kind === 'deferred' || lacking.includes(i));
    return isLater ? { kind: 'next', outcomes } : { kind: 'done', outcomes, fellSilent, lacking };
  }

  /** The operator is to hear of it: the sender is only told that it did not work. */
  #tellUnreadable(results: readonly RecipientResult[]): void {
    const found = results.find(({ outcome }) => outcome.kind === 'failed' && outcome.failure === 'unreadable')?.outcome;
    if (found?.kind === 'failed') this.#deps.log.error('transmit.unreadable', { host: this.#hop.name }, found.cause);
  }

  #mayCarryMore({ client, messages }: Line, outcomes: readonly DeliveryOutcome[]): boolean {
    const { mailMax } = client.extensions.limits;
    const { setMessages, usualMessages } = this.#manner;
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
  async #guarded(client: SmtpClient, dialogue: () => Promise<Tried | null>): Promise<Tried | null> {
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
      this.#deps.log.error('transmit.bug', { host: this.#hop.name }, error);
      client.destroy();
      return next(this.#transmission, later('error on our side', this.#host()));
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** A host that will not talk is passed over, as if it were down: another may do better, now or later. */
  #notOpened(opened: Exclude<OpenOutcome, { readonly kind: 'ready' }>, remote: RemoteHost): Tried {
    const outcome = outcomeOf(opened, { remote, isOurs: false, takesDsn: false });
    const deferred = outcome.kind === 'refused' ? later(outcome.reason, remote, outcome.reply) : outcome;
    if (deferred.kind !== 'deferred' || !isLoginRefused(opened)) return next(this.#transmission, deferred);
    // Other addresses of the server know the same passwords, and each refusal may lock the account.
    const outcomes = forAll(this.#transmission, { ...deferred, isLoginRefused: true });
    return { kind: 'next', outcomes, isEverywhere: true };
  }

  /** Nothing may be sent there. What the host said for itself is told when there is hope. */
  #left({ reason, status }: Pick<Left, 'reason' | 'status'>, remote: RemoteHost, opened?: OpenOutcome): Tried {
    if (opened?.kind === 'refused' && status.startsWith('4')) return this.#notOpened(opened, remote);
    return next(this.#transmission, unsafe(reason, status, remote));
  }

  /** The host, before there was a connection. */
  #host(): RemoteHost {
    return { name: this.#hop.name, ip: this.#manner.isByName === true ? null : this.#hop.address };
  }

  /** The host with what is kept about the connection. @param isGood  Whether TLS is as demanded. */
  #remote(
    { client, tls }: Pick<Line, 'client' | 'tls'>,
    security: Security,
    { isReused, isGood } = { isReused: false, isGood: false },
  ): RemoteHost {
    return {
      ...this.#host(),
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
    const isDirect = this.#manner.isByName !== true;
    return {
      sendingIp: isDirect ? channel.local.address : null,
      receivingIp: isDirect ? channel.remote.address : null,
      mxHost: this.#hop.name,
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
