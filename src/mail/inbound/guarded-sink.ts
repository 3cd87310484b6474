import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { ContentSink, ContentSinkDefinition, StoredContent } from './content-sink.ts';
import { defaultSinkLimits } from './limits.ts';

/** Dependencies of a guarded sink. */
export interface GuardedSinkDeps {
  readonly clock: Pick<Clock, 'monotonic' | 'timer'>;
  readonly log: Log;
}

/** A sink within its limits, whose failure has the consequence that its definition states. */
export class GuardedSink<F> {
  /** Name in the list. */
  readonly name: string;
  readonly #deps: GuardedSinkDeps;
  readonly #isRequired: boolean;
  /** Null after it ended. */
  #sink: ContentSink<F> | null;
  #leftBytes: number;
  #leftMs: number;

  constructor(
    deps: GuardedSinkDeps,
    name: string,
    { onFailure, limits }: Pick<ContentSinkDefinition<never, F>, 'onFailure' | 'limits'>,
    sink: ContentSink<F>,
  ) {
    this.name = name;
    this.#deps = deps;
    this.#isRequired = onFailure === 'refuse';
    this.#sink = sink;
    this.#leftBytes = limits?.maxBytes ?? defaultSinkLimits.maxBytes;
    this.#leftMs = limits?.timeoutMs ?? defaultSinkLimits.timeoutMs;
  }

  /** Gives it the next bytes. Null when there is nothing to wait for. @throws what it threw when the message cannot do without it. */
  write(chunk: Uint8Array): Promise<void> | null {
    if (this.#sink === null || this.#leftBytes <= 0) return null;
    const part = chunk.length <= this.#leftBytes ? chunk : chunk.subarray(0, this.#leftBytes);
    this.#leftBytes -= part.length;
    try {
      const waiting = this.#sink.write(part);
      return waiting === null ? null : this.#within(waiting).catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  /** Returns its fact; null when it failed and the message goes on without. @throws what it threw otherwise. */
  async finish(stored: StoredContent): Promise<F | null> {
    const sink = this.#sink;
    if (sink === null) return null;
    try {
      const fact = await this.#within(sink.finish(stored));
      this.#sink = null;
      return fact;
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  /** Ends it; nothing when it has ended. */
  abort(): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.abort();
  }

  async #within<T>(work: Promise<T>): Promise<T> {
    const { clock } = this.#deps;
    const startMs = clock.monotonic();
    const late = Promise.withResolvers<never>();
    using _timer = clock.timer(this.#leftMs, () => late.reject(new Error(`the sink ${this.name} takes too long`)));
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      this.#leftMs = Math.max(0, this.#leftMs - (clock.monotonic() - startMs));
    }
  }

  #fail(error: unknown): void {
    this.abort();
    if (this.#isRequired) throw error;
    this.#deps.log.error('inbound.sinkFailed', { sink: this.name }, error);
  }
}
