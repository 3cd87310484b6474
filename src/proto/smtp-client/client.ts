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
  /** Connected; with TLS already for submissions (RFC 8314 §3.3). The client closes it. */
  readonly channel: Channel;
  /** Our name for EHLO: a domain, or an address literal in brackets (RFC 5321 §4.1.1.1). */
  readonly hostname: string;
  readonly tls: ClientTlsMode;
  readonly credentials?: ClientCredentials;
  readonly random: Random;
  /** Clock for time limits of whole replies; without it the limits apply between two pieces of a reply, and the caller bounds the session. */
  readonly clock?: Pick<Clock, 'monotonic'>;
  readonly limits?: Partial<ClientLimits>;
}

/**
 * A connection to a server, for one transaction after another; calls must not overlap. To bound a whole session, call `destroy` when its
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
  /** Transaction in progress. */
  #transaction: Transaction | null = null;

  constructor(deps: SmtpClientDeps) {
    this.#deps = deps;
    this.#connection = new Connection(deps.channel, deps.clock ?? null);
    this.#limits = { ...defaultClientLimits, ...deps.limits };
  }

  /** Extensions that the server offers now; LIMITS has the number of recipients that it accepts (RFC 9422 §4.2). */
  get extensions(): Extensions {
    return this.#extensions;
  }

  /** True when another message can be sent. */
  get isUsable(): boolean {
    return this.#isReady && this.#connection.isUsable;
  }

  /** First line of the greeting without its code; empty until it has been received. */
  get greeting(): string {
    return this.#greeting;
  }

  /** Number of transactions so far, which MAILMAX limits (RFC 9422 §4.1). */
  get transactions(): number {
    return this.#transactions;
  }

  /** Returns the commands and replies since the last call, abridged, without secrets and content. */
  takeDialogue(): string[] {
    return this.#connection.dialogue.take();
  }

  /** The mechanism of the login, null when there was none. */
  get mechanism(): MechanismName | null {
    return this.#mechanism;
  }

  /**
   * Opens the session: greeting, EHLO, STARTTLS, AUTH. Never rejects because of the server. Unless the outcome is `ready`, QUIT is being sent:
   * `quit` waits for its end.
   * @param untilMs  Deadline, by the monotonic clock.
   */
  async open(untilMs: number = Number.POSITIVE_INFINITY): Promise<OpenOutcome> {
    this.#connection.untilMs = untilMs;
    try {
      const greeting = await this.#connection.reply('greeting', this.#limits.greetingTimeoutMs);
      // RFC 5321 §3.1: 220, or 554 from a host that does not accept mail; RFC 5321 §3.2: EHLO follows the greeting.
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
   * Sends one message, in several transactions when the server accepts fewer recipients in each (RFC 9422 §4.2, RFC 5321 §4.5.3.1.10).
   * Each recipient has a result; never rejects because of the server or the content.
   * @param untilMs  Deadline, by the monotonic clock, which does not apply once the content is being sent.
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

  /** Sends QUIT if the connection is usable and waits for the reply (RFC 5321 §4.1.1.10: SHOULD), then closes it. Never rejects. */
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
   * Ends the connection at once, unless the server has received a whole message: giving up then causes a second copy (RFC 5321 §4.5.3.2.6).
   * @returns true when its reply is awaited and nothing more is done afterwards; the caller bounds that by `destroy`.
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
    // RFC 5321 §3.2: after "command not recognized" to EHLO, the client SHOULD fall back to HELO.
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
    // RFC 3207 §4.2: the client MUST discard the extensions learned in plaintext, and SHOULD send EHLO again.
    await this.#hello();
  }
}

const noOutcome = { kind: 'failed', stage: 'mail', failure: 'protocol', reason: 'no outcome' } as const;
