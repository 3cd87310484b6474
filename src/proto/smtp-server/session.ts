import { type CodecEvent, type Command, parseCommand, type Reply, reply } from '#lib/smtp';
import type { Channel } from '#ports/channel';
import type { Clock } from '#ports/clock';
import { ConditionError } from '#ports/conditions';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Backend, RefusedMail } from './backend.ts';
import { definitionOf } from './commands/index.ts';
import { conditionReply } from './conditions.ts';
import { Context, sessionLimits } from './context.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionOptions } from './options.ts';
import { Refusal } from './refusal.ts';
import { PeerGone, Wire } from './wire.ts';

/** Dependencies of one session. */
export interface SmtpSessionDeps {
  /** With TLS active already on `submissions`. The session closes it. */
  readonly channel: Channel;
  readonly backend: Backend;
  readonly options: SessionOptions;
  readonly clock: Clock;
  readonly loop: EventLoop;
  readonly log: Log;
  readonly random: Random;
  /** Connection id: in every log event, and behind replies that refuse. */
  readonly id: string;
}

// RFC 5321 §3.8: a server that shuts down sends 421 before it closes. RFC 3463 §3.4: X.3.2 is a system that does not accept messages now.
const shuttingDown = reply(421, '4.3.2', 'shutting down, please try again later');

/** One connection of a client, from the banner to its end. */
export class SmtpSession {
  readonly #context: Context;
  readonly #wire: Wire;
  readonly #loop: EventLoop;
  #isShuttingDown = false;
  /** The client was sent away while it waited. */
  #isLeaving = false;
  #isAwaitingCommand = false;
  #isFirstLine = true;
  /** Command being answered, and its transaction. */
  #asked: Command | null = null;
  #transaction: OpenTransaction | null = null;

  constructor(deps: SmtpSessionDeps) {
    const limits = sessionLimits(deps.options);
    this.#loop = deps.loop;
    this.#wire = new Wire(deps.channel, limits, deps.clock, deps.options);
    this.#context = new Context({
      id: deps.id,
      wire: this.#wire,
      backend: deps.backend,
      options: deps.options,
      limits,
      clock: deps.clock,
      log: deps.log.with({ cid: deps.id }),
      random: deps.random,
      onLoginEnded: () => this.#endLogin(),
    });
  }

  /** Serves the connection and closes it. Never rejects. */
  async run(): Promise<void> {
    const context = this.#context;
    try {
      await this.#answer(() => this.#greet());
      while (!context.isClosing) await this.#next();
      await this.#wire.flush();
    } catch (error) {
      await this.#end(error);
    } finally {
      this.#release();
      await this.#wire.channel.close();
    }
  }

  async #greet(): Promise<void> {
    const context = this.#context;
    try {
      await context.backend.greet(context);
    } catch (error) {
      // deviates: RFC 5321 §3.1 says that a server MUST wait for QUIT after a 554 banner. Refused peers are mostly attackers, and each costs a socket.
      context.isClosing = true;
      throw error;
    }
    // RFC 5321 §4.2: the greeting is 220 with the server's domain as its first word (RFC 5321 §4.3.1).
    this.#wire.text(`220 ${context.options.hostname} ESMTP\r\n`);
  }

  /** Takes one event, waiting for it if it has not come, and answers it. */
  async #next(): Promise<void> {
    const context = this.#context;
    if (this.#isShuttingDown) {
      context.refuse(shuttingDown);
      context.isClosing = true;
      return;
    }
    if (this.#mustLeave) {
      context.refuse(this.#loginEnded);
      context.isClosing = true;
      return;
    }
    if (this.#wire.isFull) {
      await this.#wire.flush();
      return;
    }
    const event = this.#wire.codec.next() ?? (await this.#more());
    // A peer that behaves like an attacker is answered slowly, others no faster than all connections are served. Queued replies wait for the
    // next one: a pause is shorter than a write of their own would take.
    const { pauseMs } = context;
    const pause = pauseMs > 0 ? context.clock.sleep(pauseMs) : this.#loop.pause();
    if (pause !== null) await pause;
    await this.#answer(() => this.#event(event));
  }

  /** Waits for the next command. @throws PeerGone */
  async #more(): Promise<CodecEvent> {
    const { commandTimeoutMs, lineTimeoutMs } = this.#context.limits;
    this.#isAwaitingCommand = true;
    const event = await this.#wire.more(commandTimeoutMs, lineTimeoutMs);
    this.#isAwaitingCommand = false;
    if (event === null) throw new PeerGone('closed');
    return event;
  }

  /** Runs `work`; the only place where refusals and bugs become replies. */
  async #answer(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof PeerGone) throw error;
    const context = this.#context;
    if (error instanceof Refusal) {
      this.#tellRefused(error.reply, error.explanation);
      context.refuse(error.reply, { smtputf8: context.transaction?.parameters.smtputf8 === true });
      if (error.close) context.isClosing = true;
      return;
    }
    const fault = this.#fault(error);
    this.#tellRefused(fault);
    context.refuse(fault);
  }

  /** Returns the reply to a failure on our side: a condition of the machine, which was recorded where it was found, or a bug. */
  #fault(error: unknown): Reply {
    const context = this.#context;
    const isBanner = context.isClosing;
    if (error instanceof ConditionError) {
      return conditionReply(error, isBanner ? 'banner' : this.#asked?.verb === 'AUTH' ? 'login' : 'other');
    }
    context.log.error('smtp.bug', { stage: context.stage }, error);
    // RFC 5321 §4.3.2: in place of the banner there is no 451.
    return reply(isBanner ? 421 : 451, '4.3.0', 'error on our side, please try again later');
  }

  /** Notifies the Backend of refused mail. */
  #tellRefused(reply: Reply, explanation: string | null = null): void {
    const { backend } = this.#context;
    if (backend.refused === undefined || this.#asked === null) return;
    const mail = refusedMail(this.#asked, this.#transaction, { reply, explanation });
    if (mail !== null) backend.refused(this.#context, mail);
  }

  async #event(event: CodecEvent): Promise<void> {
    const context = this.#context;
    const isFirst = this.#isFirstLine;
    this.#isFirstLine = false;
    this.#asked = null;
    if (event.kind === 'overlong') {
      const { maxLineBytes } = context.limits;
      // RFC 5321 §4.5.3.1.9: 500 for a line that is too long.
      throw new Refusal(500, '5.5.0', `line too long: the limit is ${maxLineBytes} bytes`, { close: true });
    }
    // Content is read by the command that asked for it.
    if (event.kind !== 'line') return;
    const isTaken = event.problem === null || (event.problem === 'bareLf' && context.options.lenient === true);
    if (!isTaken && event.problem !== null) {
      if (isFirst && !isCommandButForItsEnd(event)) throw notSmtp();
      context.countBadCommand();
      // deviates: RFC 5321 §4.1.2 wants 501 for invalid characters in a command. A line of such octets names no command, so it gets 500.
      throw new Refusal(500, '5.5.2', lineProblems[event.problem]);
    }
    context.isLfOnly = event.problem === 'bareLf';
    const parsed = parseCommand(event.text, context.options);
    if (!parsed.ok) {
      context.countBadCommand();
      // RFC 5321 §4.2.2: 501 is a syntax error in parameters.
      throw new Refusal(501, '5.5.2', `bad syntax: ${parsed.reason} (at ${parsed.at + 1})`);
    }
    await this.#command(parsed.value, isFirst);
  }

  async #command(command: Command, isFirst: boolean): Promise<void> {
    const context = this.#context;
    if (command.verb === 'unknown') {
      if (isFirst) throw notSmtp();
      context.countBadCommand();
      // RFC 5321 §4.2.4: 500 for a command that is not recognized, 502 for one that is not implemented.
      throw new Refusal(500, '5.5.1', 'unknown command');
    }
    const definition = definitionOf(command.verb);
    if (definition.isIdle) context.countIdleCommand();
    const { stage } = context;
    if (!definition.legal.includes(stage)) {
      if (!context.wasRefused) context.countBadCommand();
      throw new Refusal(503, '5.5.1', stage === 'connected' ? 'EHLO first' : outOfOrder(command.verb));
    }
    this.#asked = command;
    this.#transaction = context.transaction ?? context.transfer?.transaction ?? null;
    await definition.handle(context, command);
  }

  /** Ends the session because the server stops: sends 421 at once to a waiting client, after its command or content to a busy one (RFC 5321 §3.8). */
  stop(): void {
    this.#isShuttingDown = true;
    if (!this.#isAwaitingCommand || !this.#wire.isReading) return;
    this.#context.refuse(shuttingDown);
    void this.#hangUp();
  }

  /** True when the login has ended and no content is under way: what was begun with a good login comes to its end. */
  get #mustLeave(): boolean {
    const { loginEnded, transfer } = this.#context;
    return loginEnded?.aborted === true && transfer === null;
  }

  /** RFC 3463 §3.8: X.7.0 is a matter of security. */
  get #loginEnded(): Reply {
    const reason: unknown = this.#context.loginEnded?.reason;
    return reply(421, '4.7.0', reason instanceof Error ? reason.message : 'your login has ended');
  }

  /** Ends the session of a client that waits, as its login has ended; a busy one ends after its command or content. */
  #endLogin(): void {
    if (!this.#isAwaitingCommand || !this.#wire.isReading || !this.#mustLeave) return;
    this.#isLeaving = true;
    this.#context.refuse(this.#loginEnded);
    void this.#hangUp();
  }

  /** Ends the read that waits for a command, and with it the session. */
  async #hangUp(): Promise<void> {
    try {
      await this.#wire.flush();
    } catch {
      // The peer is gone, which is what we want.
    }
    await this.#wire.channel.close();
  }

  /** Ends a session after an error, with a last reply where the peer can still read it. */
  async #end(error: unknown): Promise<void> {
    const context = this.#context;
    if (!(error instanceof PeerGone)) {
      context.log.error('smtp.bug', { stage: context.stage }, error);
    } else if (error.why === 'closed' || this.#isShuttingDown || this.#isLeaving) {
      context.log.debug('smtp.closed', { stage: context.stage });
      return;
    } else {
      // RFC 5321 §3.8: a server closes after a timeout with 421. RFC 3463 §3.5: X.4.2, bad connection.
      context.refuse(reply(421, '4.4.2', 'timeout, please connect again'));
    }
    try {
      await this.#wire.flush();
    } catch {
      // The peer is gone: a reply would not arrive.
    }
  }

  #release(): void {
    const context = this.#context;
    for (const step of [() => context.reset(), () => context.backend.closed(context)]) {
      try {
        step();
      } catch (error) {
        context.log.error('smtp.bug', { stage: context.stage }, error);
      }
    }
  }
}

/** Returns the refusal for a browser, a scanner or a TLS handshake, whose lines are not worth answering one by one. */
function notSmtp(): Refusal {
  return new Refusal(500, '5.5.2', 'this is an SMTP server, and that was no SMTP command', { close: true });
}

/** Reports whether the line is a known command except that it ends with LF, as a person at a terminal or a script sends it. */
function isCommandButForItsEnd({ text, problem }: Extract<CodecEvent, { readonly kind: 'line' }>): boolean {
  if (problem !== 'bareLf') return false;
  const parsed = parseCommand(text);
  return !parsed.ok || parsed.value.verb !== 'unknown';
}

const lineProblems = {
  bareLf: 'lines must end with CRLF, this one ended with LF only',
  bareCr: 'CR without LF in a command',
  nul: 'NUL in a command',
  utf8: 'command is not UTF-8',
} as const;

/** Returns the message that a refused command was about; null when it was about none. */
function refusedMail(
  command: Command,
  transaction: OpenTransaction | null,
  answer: Pick<RefusedMail, 'reply' | 'explanation'>,
): RefusedMail | null {
  if (command.verb === 'MAIL') return { stage: 'MAIL', from: command.from, recipients: [], ...answer };
  if (transaction === null) return null;
  const { from, recipients } = transaction;
  if (command.verb === 'RCPT') return { stage: 'RCPT', from, recipients: [command.to], ...answer };
  const isContent = (command.verb === 'DATA' || command.verb === 'BDAT') && recipients.length > 0;
  return isContent ? { stage: 'DATA', from, recipients: recipients.map(({ address }) => address), ...answer } : null;
}

function outOfOrder(verb: string): string {
  if (verb === 'MAIL') return 'a transaction is open already, RSET first';
  if (verb === 'RCPT' || verb === 'DATA') return 'MAIL first';
  return `${verb} is not allowed now`;
}
