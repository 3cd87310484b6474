import {
  type CodecEvent,
  type CodecOptions,
  type Reply,
  type ReplyStyle,
  SmtpCommandCodec,
  writeReply,
} from '#lib/smtp';
import type { Clock } from '#ports/clock';
import { type Channel, ChannelClosed, ChannelTimeout, type TlsSession } from '#ports/channel';
import type { SessionLimits } from './limits.ts';

/** Thrown when the connection is unusable. Only `Wire` throws it, so a channel of the Backend's own is not confused with ours. */
export class PeerGone extends Error {
  override readonly name = 'PeerGone';
  readonly why: 'closed' | 'timeout';

  constructor(why: 'closed' | 'timeout') {
    super(why);
    this.why = why;
  }
}

const encoder = new TextEncoder();
/** Replies are sent at this size even when more input waits. */
const maxQueuedUnits = 16_384;

/**
 * The channel as lines and replies. RFC 2920 §3.2: replies to pipelined commands SHOULD be stored and sent as a unit, so they wait
 * while complete input is left.
 *
 * deviates: RFC 2920 §3.2 says that replies to EHLO, VRFY, EXPN, QUIT, NOOP and unknown commands MUST NOT be buffered. They wait like
 * others, but only for input that has arrived already.
 */
export class Wire {
  readonly codec: SmtpCommandCodec;
  readonly channel: Channel;
  readonly #limits: SessionLimits;
  readonly #clock: Clock;
  #out = '';
  /** True when the peer is being waited for at this moment. */
  isReading = false;

  constructor(channel: Channel, limits: SessionLimits, clock: Clock, options: CodecOptions) {
    this.channel = channel;
    this.#limits = limits;
    this.#clock = clock;
    const { maxLineBytes, maxSaslLineBytes } = limits;
    this.codec = new SmtpCommandCodec({ maxLineBytes, maxSaslLineBytes }, options);
  }

  /** Queues a reply. */
  reply(reply: Reply, style?: ReplyStyle): void {
    this.#out += writeReply(reply, style);
  }

  /** Queues a reply in its wire form. */
  text(text: string): void {
    this.#out += text;
  }

  /** True when enough replies wait that they should go out now. */
  get isFull(): boolean {
    return this.#out.length > maxQueuedUnits;
  }

  /** Sends the queued replies. Returns null when there is nothing to wait for. Rejects with PeerGone. */
  flush(): Promise<void> | null {
    if (this.#out === '') return null;
    const bytes = encoder.encode(this.#out);
    this.#out = '';
    return this.channel.write(bytes, this.#limits.writeTimeoutMs)?.catch(rethrow) ?? null;
  }

  /**
   * Sends the replies, then waits for the next event. Returns null when the peer has closed its side.
   * The peer may be silent for `timeoutMs`, and take `totalMs` from its first octets to the event, so that it cannot hold us by dripping octets.
   * @throws PeerGone
   */
  async more(timeoutMs: number, totalMs: number): Promise<CodecEvent | null> {
    const sent = this.flush();
    if (sent !== null) await sent;
    let startedMs: number | null = null;
    for (;;) {
      let chunk: Uint8Array | null;
      this.isReading = true;
      try {
        chunk = await this.channel.read(timeoutMs);
      } catch (error) {
        rethrow(error);
      } finally {
        this.isReading = false;
      }
      if (chunk === null) return null;
      this.codec.feed(chunk);
      const event = this.codec.next();
      if (event !== null) return event;
      startedMs ??= this.#clock.monotonic();
      if (this.#clock.monotonic() - startedMs > totalMs) throw new PeerGone('timeout');
    }
  }

  /** Sends the replies and makes the handshake (RFC 3207 §4). @throws PeerGone */
  async startTls(): Promise<TlsSession> {
    await this.flush();
    const session = await this.channel.startTls().catch(rethrow);
    this.codec.discard();
    return session;
  }
}

function rethrow(error: unknown): never {
  if (error instanceof ChannelTimeout) throw new PeerGone('timeout');
  if (error instanceof ChannelClosed) throw new PeerGone('closed');
  throw error;
}
