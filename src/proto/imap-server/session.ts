import { tooBigText } from './too-big.ts';
import {
  type Command,
  type ImapEvent,
  ImapCodec,
  defaultLimits as codecLimits,
  unauthenticatedLimits,
} from '#lib/imap';
import { ChannelClosed, ChannelTimeout } from '#ports/channel';
import { ConditionError } from '#ports/conditions';
import { receiveAppend } from './append.ts';
import { dispatch } from './commands/dispatch.ts';
import { withConditions } from './conditions.ts';
import { Context } from './context.ts';
import { Input } from './input.ts';
import { enterAccount } from './login.ts';
import type { ImapServerDeps } from './options.ts';
import { Output } from './output.ts';
import { Bad, Bye, goodbyeOf, No } from './refusal.ts';

/**
 * Serves one IMAP connection from the greeting to its end; closes the channel. Never rejects: failures of the peer or the network
 * are expected, and our own bugs are logged.
 */
export async function serveImap(deps: ImapServerDeps): Promise<void> {
  const codec = new ImapCodec({ limits: unauthenticatedLimits });
  const { limits } = deps.options;
  const output = new Output(deps.channel, deps.loop, limits.outputBufferBytes, limits.unauthenticatedTimeoutMs);
  const input = new Input(deps.channel, codec, () => output.drain());
  const session = new Session(new Context(deps, input, output, codec));
  await session.run();
}

/** Commands that take no time, so their answers may wait for those of others. */
const short: ReadonlySet<Command['kind']> = new Set(['capability', 'check', 'id', 'namespace', 'noop']);

class Session {
  readonly #context: Context;
  #loginTimer: Disposable = { [Symbol.dispose]: () => undefined };
  #commands = 0;
  #bads = 0;

  constructor(context: Context) {
    this.#context = context;
    context.input.onLiteralEnd = () => this.#acknowledgeLiteral();
  }

  async run(): Promise<void> {
    const { deps, input } = this.#context;
    const wake = (): void => input.wake();
    deps.shutdown.addEventListener('abort', wake);
    // Independent of activity: a client that drips bytes or repeats NOOP cannot hold the connection for long. RFC 9051 §5.4 permits a short timer before login.
    const { loginTimeoutMs } = deps.options.limits;
    this.#loginTimer = deps.clock.timer(loginTimeoutMs, () => input.end(new Bye('no login within the time for it')));
    try {
      await this.#serve();
      await deps.channel.close();
    } catch (error) {
      await this.#end(error);
    } finally {
      deps.shutdown.removeEventListener('abort', wake);
      this.#loginTimer[Symbol.dispose]();
      await this.#release();
    }
  }

  async #serve(): Promise<void> {
    const context = this.#context;
    const { shutdown } = context.deps;
    await this.#greet();
    while (!context.isLoggedOut) {
      if (context.wantsTls) await this.#startTls();
      if (shutdown.aborted) throw goodbyeOf(shutdown);
      const event = await context.input.nextOrWoken(this.#timeoutMs());
      if (event === null) return;
      await this.#yield();
      if (event !== 'woken') await this.#handle(event);
    }
    await context.output.drain();
  }

  /**
   * Yields to other connections between pipelined commands (RFC 9051 §5.5). Answers of such commands are collected, and sent at the latest
   * when there is no further command, when the slice of the event loop ends, or when a buffer is full: then the next command waits until the peer has read enough.
   */
  async #yield(): Promise<void> {
    const { output, deps } = this.#context;
    const pause = deps.loop.pause();
    if (pause !== null || output.isFull) await output.drain();
    if (pause !== null) await pause;
  }

  /**
   * Sends a line after a literal in the middle of a command. Nagle's algorithm holds back the rest of the command until the literal is
   * acknowledged, and a kernel with nothing to send delays that by 40 ms. An untagged OK is allowed at any time (RFC 9051 §7.1.1);
   * before login, when simple clients expect exactly one line as an answer, nothing is sent.
   */
  #acknowledgeLiteral(): Promise<void> | null {
    const { account, output } = this.#context;
    if (account === null) return null;
    output.line('* OK received');
    return output.drain();
  }

  #timeoutMs(): number {
    const { limits } = this.#context.deps.options;
    return this.#context.account === null ? limits.unauthenticatedTimeoutMs : limits.authenticatedTimeoutMs;
  }

  async #greet(): Promise<void> {
    const context = this.#context;
    const { options, shutdown } = context.deps;
    if (shutdown.aborted) throw goodbyeOf(shutdown);
    if (options.preauthenticated !== null) {
      await enterAccount(context, options.preauthenticated);
      this.#leaveUnauthenticated();
    }
    // RFC 9051 §7.1.1, §7.1.4: the greeting is OK before and PREAUTH after authentication; CAPABILITY in it makes a command unnecessary (RFC 9051 §7.1).
    const kind = context.account === null ? 'OK' : 'PREAUTH';
    context.untagged(`${kind} [CAPABILITY ${context.capability()}] ${options.hostname} IMAP ready`);
  }

  async #startTls(): Promise<void> {
    const context = this.#context;
    context.wantsTls = false;
    await context.output.drain();
    // RFC 9051 §6.2.1: plaintext after STARTTLS MUST be thrown away, or it would be read as commands inside TLS.
    context.input.discard();
    await context.deps.channel.startTls();
  }

  async #handle(event: ImapEvent): Promise<void> {
    const context = this.#context;
    this.#commands++;
    switch (event.kind) {
      case 'command':
        this.#countBeforeLogin();
        // Earlier answers do not wait for a command that may take long.
        if (!short.has(event.command.kind)) await context.output.drain();
        await this.#answer(event.tag, () => dispatch(context, event.command));
        break;
      case 'appendStart':
        await this.#answer(event.tag, () => receiveAppend(context, event.mailbox));
        break;
      case 'continue':
        context.output.line('+ ready');
        this.#commands--;
        break;
      case 'invalid':
        this.#refuseInvalid(event);
        break;
      case 'tooBig':
        this.#refuseTooBig(event);
        break;
      case 'appendMessage':
      case 'appendData':
      case 'appendMessageEnd':
      case 'appendEnd':
      case 'idleEnd':
      case 'saslResponse':
        // Belongs to a command that was refused.
        break;
    }
    if (context.account !== null && context.codec.limits === unauthenticatedLimits) this.#leaveUnauthenticated();
  }

  #leaveUnauthenticated(): void {
    this.#context.codec.limits = codecLimits;
    this.#loginTimer[Symbol.dispose]();
  }

  async #answer(tag: string, run: () => Promise<string>): Promise<void> {
    const context = this.#context;
    context.tag = tag;
    try {
      const text = await run();
      this.#bads = 0;
      context.output.line(`${tag} OK ${text}`);
    } catch (error) {
      this.#refuse(tag, error);
    }
  }

  /** Answers an exception of a command. RFC 5530 §3: SERVERBUG for a bug of ours. @throws errors that end the connection. */
  #refuse(tag: string, thrown: unknown): void {
    const error = withConditions(thrown);
    const context = this.#context;
    const { log, shutdown } = context.deps;
    if (error instanceof Bye || error instanceof ChannelClosed || error instanceof ChannelTimeout) throw error;
    // A long search was aborted because the session ends or its store was closed.
    if (shutdown.aborted && error === shutdown.reason) throw goodbyeOf(shutdown);
    const isRefusal = error instanceof No || error instanceof Bad;
    if (!isRefusal) log.error('imap.bug', { commands: this.#commands, state: context.state }, error);
    if (context.isMidResponse) throw new ChannelClosed('a response could not be finished', { cause: error });
    if (!isRefusal) context.output.line(`${tag} NO [SERVERBUG] something went wrong on our side`);
    else if (error instanceof No) context.output.line(`${tag} NO ${withCode(error)}`);
    else {
      context.output.line(`${tag} BAD ${withCode(error)}`);
      this.#countBad();
    }
  }

  #refuseInvalid(event: Extract<ImapEvent, { kind: 'invalid' }>): void {
    // A peer with another protocol gets one answer and is disconnected: an HTTP request could carry commands.
    if (this.#commands === 1 && (event.unknown || event.name === '')) throw new Bye('this is an IMAP server');
    const text = event.unknown ? 'unknown command' : `syntax error at byte ${event.at}: ${printable(event.reason)}`;
    this.#context.output.line(`${event.tag ?? '*'} BAD ${text}`);
    if (event.skipsBytes > this.#context.deps.options.limits.maxSkippedBytes) throw new Bye('literal refused');
    this.#countBad();
  }

  #refuseTooBig(event: Extract<ImapEvent, { kind: 'tooBig' }>): void {
    // RFC 7888 §4: a large literal that is on its way all the same is best answered by ending the connection.
    if (event.skipsBytes > this.#context.deps.options.limits.maxSkippedBytes) {
      throw new Bye(tooBigText(event), 'TOOBIG');
    }
    const answer = event.what === 'line' ? 'BAD' : 'NO [TOOBIG]';
    this.#context.output.line(`${event.tag ?? '*'} ${answer} ${tooBigText(event)}`);
    this.#countBad();
  }

  /** @throws Bye for a client that sends too many commands without logging in. */
  #countBeforeLogin(): void {
    const { account, deps } = this.#context;
    const most = deps.options.limits.maxCommandsBeforeLogin;
    if (account === null && this.#commands > most) {
      throw new Bye(`too many commands without login: the limit is ${most}`);
    }
  }

  #countBad(): void {
    const { limits } = this.#context.deps.options;
    const most = this.#context.account === null ? limits.maxBadBeforeLogin : limits.maxBadInRow;
    if (++this.#bads >= most) throw new Bye(`too many bad commands: the limit is ${most}`);
  }

  /** Ends the connection, with BYE where one can still be sent. RFC 9051 §3.4: a server SHOULD NOT close without an untagged BYE and its reason. */
  async #end(thrown: unknown): Promise<void> {
    const error = withConditions(thrown);
    const context = this.#context;
    const { channel, log } = context.deps;
    if (error instanceof ChannelClosed) {
      channel.destroy();
      return;
    }
    const isExpected = error instanceof Bye || error instanceof No || error instanceof ChannelTimeout;
    if (!isExpected) log.error('imap.bug', { commands: this.#commands, state: context.state }, error);
    if (context.isMidResponse) {
      channel.destroy();
      return;
    }
    const text =
      error instanceof Bye || error instanceof No
        ? withCode(error)
        : error instanceof ChannelTimeout
          ? 'inactive for too long'
          : '[SERVERBUG] something went wrong on our side';
    try {
      context.untagged(`BYE ${text}`);
      await context.output.drain();
      await channel.close();
    } catch {
      channel.destroy();
    }
  }

  async #release(): Promise<void> {
    const context = this.#context;
    for (const step of [() => context.unselect(), () => context.account?.[Symbol.asyncDispose]()]) {
      try {
        await step();
      } catch (error) {
        if (!(error instanceof ConditionError)) context.deps.log.error('imap.bug', { state: 'released' }, error);
      }
    }
  }
}

function withCode(refusal: No | Bad | Bye): string {
  // A text from the backend must not begin another response.
  const text = printable(refusal.message);
  return refusal.code === null ? text : `[${refusal.code}] ${text}`;
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?');
}
