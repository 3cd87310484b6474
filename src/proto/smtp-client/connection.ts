import { type Reply, ReplyParser, showReply } from '#lib/smtp';
import { type Channel, ChannelTimeout, type ClientTls, type TlsSession } from '#ports/channel';
import type { Clock } from '#ports/clock';
import { Dialogue } from './dialogue.ts';
import type { ClientStage, FailedOutcome, FailureKind, RefusedOutcome } from './types.ts';

/** Private exception that carries an outcome out of a dialogue; caught in `open` and `send`. */
export class Stop extends Error {
  override readonly name = 'Stop';
  readonly outcome: RefusedOutcome | FailedOutcome;

  constructor(outcome: RefusedOutcome | FailedOutcome) {
    super(outcome.kind === 'failed' ? outcome.reason : showReply(outcome.reply));
    this.outcome = outcome;
  }
}

/** Returns the exception for a failure. */
export function failure(stage: ClientStage, kind: FailureKind, reason: string): Stop {
  return new Stop({ kind: 'failed', stage, failure: kind, reason });
}

/** Returns the exception for a negative reply. */
export function refusal(stage: ClientStage, reply: Reply): Stop {
  return new Stop({ kind: 'refused', stage, reply });
}

const encoder = new TextEncoder();

/** The channel as commands and replies, with classified failures. Unusable after the first one. */
export class Connection {
  readonly channel: Channel;
  readonly dialogue = new Dialogue();
  /** Deadline of all replies, by the monotonic clock. */
  untilMs = Number.POSITIVE_INFINITY;
  readonly #clock: Pick<Clock, 'monotonic'> | null;
  readonly #parser = new ReplyParser();
  #isUsable = true;
  #isFreshTls = false;

  /** @param clock  Without one, time limits apply between two pieces of a reply. */
  constructor(channel: Channel, clock: Pick<Clock, 'monotonic'> | null) {
    this.channel = channel;
    this.#clock = clock;
  }

  /** True when commands may still be sent. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Sends one command line and reads its reply. @param shown  Text for the dialogue. @throws Stop */
  async command(line: string, stage: ClientStage, timeoutMs: number, shown = line): Promise<Reply> {
    this.dialogue.note(shown);
    await this.write(encoder.encode(`${line}\r\n`), stage, timeoutMs);
    return await this.reply(stage, timeoutMs);
  }

  /** Sends bytes. @throws Stop */
  async write(bytes: Uint8Array, stage: ClientStage, timeoutMs: number): Promise<void> {
    try {
      await this.channel.write(bytes, timeoutMs);
    } catch (error) {
      // The connection stays open: a server that hangs up may have sent its reason before.
      this.#isUsable = false;
      throw this.#sorted(stage, error, () => `server did not take our bytes within ${periodText(timeoutMs)}`);
    }
  }

  /**
   * Reads the next reply, the whole of it within `timeoutMs`: the times of RFC 5321 §4.5.3.2 are for replies, so a server cannot extend
   * them by sending a byte now and then. 421 makes the connection unusable (RFC 5321 §3.8). @throws Stop
   */
  async reply(stage: ClientStage, timeoutMs: number): Promise<Reply> {
    let endMs: number | null = null;
    for (;;) {
      const event = this.#parser.next();
      if (event?.kind === 'reply') {
        this.dialogue.note(event.reply);
        if (event.reply.code === 421) this.drop();
        return event.reply;
      }
      if (event !== null) {
        this.drop();
        throw failure(stage, 'protocol', event.reason);
      }
      const nowMs = this.#clock?.monotonic() ?? 0;
      const isFirst = endMs === null;
      endMs ??= Math.min(nowMs + timeoutMs, this.untilMs);
      const isHurried = endMs === this.untilMs;
      const late = (): string => lateText(isFirst, isHurried ? null : timeoutMs);
      this.#parser.feed(await this.#read(stage, endMs - nowMs, late));
    }
  }

  async #read(stage: ClientStage, timeoutMs: number, late: () => string): Promise<Uint8Array> {
    let chunk: Uint8Array | null;
    try {
      if (timeoutMs <= 0) throw new ChannelTimeout();
      chunk = await this.channel.read(timeoutMs);
    } catch (error) {
      this.drop();
      throw this.#sorted(stage, error, late);
    }
    if (chunk === null) {
      this.drop();
      throw failure(stage, this.#isFreshTls ? 'tls' : 'closed', 'server closed the connection');
    }
    this.#isFreshTls = false;
    return chunk;
  }

  /** Makes the TLS handshake. Input before it is an error, since it may have been inserted by an attacker (RFC 3207 §6). @throws Stop */
  async startTls(tls: ClientTls): Promise<TlsSession> {
    if (this.#parser.hasInput()) {
      this.drop();
      throw failure('starttls', 'protocol', 'server sent more than its reply to STARTTLS');
    }
    try {
      const session = await this.channel.startTls(tls);
      // In TLS 1.3 a server's complaint about us arrives only with the first read.
      this.#isFreshTls = true;
      return session;
    } catch (error) {
      this.drop();
      const isTimeout = error instanceof ChannelTimeout;
      throw failure('starttls', isTimeout ? 'timeout' : 'tls', error instanceof Error ? error.message : String(error));
    }
  }

  /** Sends no further commands; the pending reply may still arrive. */
  refuseMore(): void {
    this.#isUsable = false;
  }

  /** Ends the connection at once. */
  drop(): void {
    this.#isUsable = false;
    this.channel.destroy();
  }

  #sorted(stage: ClientStage, error: unknown, late: () => string): Stop {
    if (error instanceof ChannelTimeout) return failure(stage, 'timeout', late());
    const reason = error instanceof Error ? error.message : String(error);
    return failure(stage, this.#isFreshTls ? 'tls' : 'closed', reason);
  }
}

/** @param timeoutMs  Null when the deadline of one host among several passed. */
function lateText(isFirst: boolean, timeoutMs: number | null): string {
  const what = isFirst ? 'no answer' : 'no complete answer';
  return timeoutMs === null
    ? `${what} in the time of one host among several`
    : `${what} within ${periodText(timeoutMs)}`;
}

/** Formats a period for people: `30 seconds`, `5 minutes`. */
function periodText(ms: number): string {
  const isMinutes = ms >= 60_000 && ms % 60_000 === 0;
  const count = Math.round(ms / (isMinutes ? 60_000 : 1000));
  return `${count} ${isMinutes ? 'minute' : 'second'}${count === 1 ? '' : 's'}`;
}
