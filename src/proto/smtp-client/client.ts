import type { MechanismName } from '#lib/sasl';
import { type Extensions, noExtensions, parseEhlo, type Reply, showReply } from '#lib/smtp';
import type { Channel } from '#ports/channel';
import type { Clock } from '#ports/clock';
import type { Random } from '#ports/random';
import { Connection, failure, refusal, Stop } from './connection.ts';
import { type ClientLimits, defaultClientLimits } from './limits.ts';
import { logIn } from './login.ts';
import { sendInParts } from './parts.ts';
import { sendByNeed } from './smtputf8.ts';
import { Transaction } from './transaction.ts';
import type {
  ClientCredentials,
  ClientTlsMode,
  OpenOutcome,
  OutgoingMail,
  RecipientOutcome,
  RecipientResult,
} from './types.ts';

/** Dependencies of a client. */
export interface SmtpClientDeps {
  /** Connected; with TLS on already for submissions. The client closes it. */
  readonly channel: Channel;
  /** Our name for EHLO: a domain, or an address literal in brackets. */
  readonly hostname: string;
  readonly tls: ClientTlsMode;
  readonly credentials?: ClientCredentials;
  readonly random: Random;
  /** For time limits of whole replies; without it they are between two pieces of a reply, and the caller bounds the session. */
  readonly clock?: Pick<Clock, 'monotonic'>;
  readonly limits?: Partial<ClientLimits>;
}

/**
 * A connection to a server, for one transaction after another; calls must not overlap. To bound a session altogether, call `destroy` when its
 * time is up.
 */
export class SmtpClient {
  readonly #deps: SmtpClientDeps;
  readonly #connection: Connection;
  readonly #limits: ClientLimits;
  #extensions: Extensions = noExtensions;
  #mechanism: MechanismName | null = null;
  #isReady = false;
  #needsReset = false;
  #startTlsRefusal: Reply | null = null;
  #greeting = '';
  #transactions = 0;
  #goodbye: Promise<void> | null = null;
  /** Under way. */
  #transaction: Transaction | null = null;

  constructor(deps: SmtpClientDeps) {
    this.#deps = deps;
    this.#connection = new Connection(deps.channel, deps.clock ?? null);
    this.#limits = { ...defaultClientLimits, ...deps.limits };
  }

  /** Extensions that the server offers now; LIMITS tells how many recipients it accepts (RFC 9422). */
  get extensions(): Extensions {
    return this.#extensions;
  }

  /** True when another message can be sent. */
  get isUsable(): boolean {
    return this.#isReady && this.#connection.isUsable;
  }

  /** First line of the greeting without its code, empty before. */
  get greeting(): string {
    return this.#greeting;
  }

  /** Messages, or parts of one, that the server was asked to take (RFC 9422 §4.1). */
  get transactions(): number {
    return this.#transactions;
  }

  /** Commands and replies since the last call, in short and without secrets and content. */
  takeDialogue(): string[] {
    return this.#connection.dialogue.take();
  }

  /** The mechanism of the login, null when there was none. */
  get mechanism(): MechanismName | null {
    return this.#mechanism;
  }

  /**
   * Greeting, EHLO, STARTTLS, AUTH. Never rejects for what the server does. Unless `ready`, the goodbye has begun: `quit` waits for its end.
   * @param untilMs  When to give up, by the monotonic clock.
   */
  async open(untilMs: number = Number.POSITIVE_INFINITY): Promise<OpenOutcome> {
    this.#connection.untilMs = untilMs;
    try {
      const greeting = await this.#connection.reply('greeting', this.#limits.greetingTimeoutMs);
      if (greeting.code !== 220) throw refusal('greeting', greeting);
      this.#greeting = greeting.lines[0] ?? '';
      await this.#hello();
      await this.#secure();
      const { credentials, random } = this.#deps;
      if (credentials !== undefined) {
        const timeoutMs = this.#limits.commandTimeoutMs;
        this.#mechanism = await logIn(this.#connection, this.#extensions, credentials, random, timeoutMs);
      }
      this.#isReady = true;
      const startTlsRefusal = this.#startTlsRefusal;
      return { kind: 'ready', extensions: this.#extensions, tls: this.#connection.channel.tls, startTlsRefusal };
    } catch (error) {
      void this.quit();
      if (error instanceof Stop) return error.outcome;
      throw error;
    }
  }

  /**
   * Sends one message, in several transactions when the server takes fewer recipients in each (RFC 9422, RFC 5321 §4.5.3.1.10).
   * Each recipient has a result; never rejects for what the server or the content does.
   * @param untilMs  When to give up, by the monotonic clock, unless the server has the content or is being given it.
   */
  async send(mail: OutgoingMail, untilMs: number = Number.POSITIVE_INFINITY): Promise<RecipientResult[]> {
    const { limits, smtputf8 } = this.#extensions;
    const outcomes = await sendByNeed(mail, smtputf8, (sendable) =>
      sendInParts(sendable, limits, (part) => this.#transact(part, untilMs)),
    );
    return mail.recipients.map(({ address }, i) => ({ address, outcome: outcomes[i] ?? noOutcome }));
  }

  async #transact(mail: OutgoingMail, untilMs: number): Promise<readonly RecipientOutcome[]> {
    this.#connection.untilMs = untilMs;
    const transaction = new Transaction(this.#connection, this.#extensions, this.#limits, mail);
    this.#transaction = transaction;
    const outcomes = await transaction.run(this.#needsReset);
    this.#transaction = null;
    if (transaction.state !== 'untouched') {
      this.#needsReset = transaction.state === 'open';
      this.#transactions += 1;
    }
    return outcomes;
  }

  /** Says goodbye if the server still listens, and closes the connection. Never rejects. */
  quit(): Promise<void> {
    this.#isReady = false;
    this.#goodbye ??= this.#sayGoodbye();
    return this.#goodbye;
  }

  async #sayGoodbye(): Promise<void> {
    this.#connection.untilMs = Number.POSITIVE_INFINITY;
    if (this.#connection.isUsable) {
      try {
        await this.#connection.command('QUIT', 'quit', this.#limits.quitTimeoutMs);
      } catch {
        // Nothing depends on the reply to QUIT.
      }
    }
    await this.#connection.channel.close();
  }

  /**
   * Ends the connection at once, unless the server has a whole message in hand: giving up then makes a second copy (RFC 5321 §4.5.3.2.6).
   * @returns whether its answer is waited for, and nothing more done afterwards; the caller bounds that by `destroy`.
   */
  stop(): boolean {
    if (this.#transaction?.isSent !== true) {
      this.destroy();
      return false;
    }
    this.#isReady = false;
    this.#connection.refuseMore();
    return true;
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#isReady = false;
    this.#connection.drop();
  }

  async #hello(): Promise<void> {
    const { hostname } = this.#deps;
    const timeoutMs = this.#limits.commandTimeoutMs;
    const ehlo = await this.#connection.command(`EHLO ${hostname}`, 'hello', timeoutMs);
    if (ehlo.code === 250) {
      this.#extensions = parseEhlo(ehlo.lines);
      return;
    }
    // RFC 5321 §3.2: a server that does not know EHLO is tried with HELO.
    if (ehlo.code < 500 || ehlo.code > 504) throw refusal('hello', ehlo);
    const helo = await this.#connection.command(`HELO ${hostname}`, 'hello', timeoutMs);
    if (helo.code !== 250) throw refusal('hello', helo);
    this.#extensions = noExtensions;
  }

  async #secure(): Promise<void> {
    const { tls } = this.#deps;
    if (tls.mode === 'none' || this.#connection.channel.tls !== null) return;
    if (tls.mode === 'opportunistic' && !this.#extensions.startTls) return;
    const reply: Reply = await this.#connection.command('STARTTLS', 'starttls', this.#limits.commandTimeoutMs);
    if (reply.code !== 220) {
      if (tls.mode === 'opportunistic' && this.#connection.isUsable) {
        this.#startTlsRefusal = reply;
        return;
      }
      if (!this.#extensions.startTls) {
        throw failure('starttls', 'noStartTls', `server does not offer STARTTLS (it answers ${showReply(reply)})`);
      }
      throw reply.code >= 400
        ? refusal('starttls', reply)
        : failure('starttls', 'protocol', `unexpected reply ${reply.code}`);
    }
    await this.#connection.startTls(tls.tls);
    // RFC 3207 §4.2: what was offered in plaintext is not to be believed.
    await this.#hello();
  }
}

const noOutcome = { kind: 'failed', stage: 'mail', failure: 'protocol', reason: 'no outcome' } as const;
