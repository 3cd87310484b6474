import type { ImapCodec, ImapEvent } from '#lib/imap';
import type { Channel } from '#ports/channel';

type Arrival =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly cause: unknown };

/** The client's events, one at a time, for a reader that may also be woken while it waits. */
export class Input {
  readonly #channel: Channel;
  readonly #codec: ImapCodec;
  readonly #flush: () => Promise<void> | null;
  #isReading = false;
  #arrival: Arrival | null = null;
  #isWoken = false;
  #end: { readonly cause: unknown } | null = null;
  #resume: () => void = ignore;
  #isLiteralSeen = false;
  /** Called once for each literal after which the client sends nothing for now, before waiting for more. */
  onLiteralEnd: () => Promise<void> | null = () => null;

  /** @param flush  Called before the peer is waited for: it may be waiting for us. */
  constructor(channel: Channel, codec: ImapCodec, flush: () => Promise<void> | null) {
    this.#channel = channel;
    this.#codec = codec;
    this.#flush = flush;
  }

  /** Returns the next event; null when the peer has closed its side. Ignores `wake`. Rejects as Channel.read does. */
  async next(timeoutMs: number): Promise<ImapEvent | null> {
    for (;;) {
      const event = await this.nextOrWoken(timeoutMs);
      if (event !== 'woken') return event;
    }
  }

  /** Returns the next event, `woken` when `wake` was called first, null when the peer has closed its side. Rejects as Channel.read does. */
  async nextOrWoken(timeoutMs: number): Promise<ImapEvent | 'woken' | null> {
    for (;;) {
      if (this.#end !== null) throw this.#end.cause;
      const event = this.#codec.next();
      if (event !== null) return event;
      if (this.#arrival === null) {
        if (this.#isWoken) {
          this.#isWoken = false;
          return 'woken';
        }
        if (this.#codec.endsWithLiteral && !this.#isLiteralSeen) {
          this.#isLiteralSeen = true;
          await this.onLiteralEnd();
          continue;
        }
        const flushed = this.#flush();
        if (flushed !== null) {
          await flushed;
          continue;
        }
        this.#read(timeoutMs);
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
        this.#resume = ignore;
        continue;
      }
      const arrival: Arrival = this.#arrival;
      if (arrival.kind === 'failure') throw arrival.cause;
      if (arrival.kind === 'end') return null;
      this.#arrival = null;
      this.#isLiteralSeen = false;
      this.#codec.feed(arrival.bytes);
    }
  }

  /** Makes the pending or next `nextOrWoken` return `woken`, unless bytes arrive first. */
  wake(): void {
    this.#isWoken = true;
    this.#resume();
  }

  /** Makes the pending read and all later ones reject with `cause`. */
  end(cause: unknown): void {
    this.#end = { cause };
    this.#resume();
  }

  /** Drops events of bytes that were received before TLS (RFC 9051 §6.2.1). */
  discard(): void {
    this.#codec.discardInput();
    if (this.#arrival?.kind === 'chunk') this.#arrival = null;
  }

  #read(timeoutMs: number): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#channel.read(timeoutMs).then(
      (bytes) => this.#settle(bytes === null ? { kind: 'end' } : { kind: 'chunk', bytes }),
      (cause: unknown) => this.#settle({ kind: 'failure', cause }),
    );
  }

  #settle(arrival: Arrival): void {
    this.#isReading = false;
    this.#arrival = arrival;
    this.#resume();
  }
}

function ignore(): void {
  // No caller waits.
}
