import { MimeIndexer } from '#lib/mime';
import { ContentWriter, type ContentMemory } from '#mail/content';
import type { BlobStore } from '#ports/blobs';
import type { ContentSinkDefinition, ContentSinks, StoredContent } from './content-sink.ts';
import { GuardedSink, type GuardedSinkDeps } from './guarded-sink.ts';

/** Dependencies of a pipeline. */
export interface ContentPipelineDeps extends GuardedSinkDeps {
  readonly blobs: BlobStore;
  /** Memory that all messages on their way in share. */
  readonly memory: ContentMemory;
}

type Entry<E> = readonly [name: string, definition: ContentSinkDefinition<E, unknown>];

/** Takes the content of messages: stores it, finds its parts, and feeds the sinks of the list, in one pass. */
export class ContentPipeline<E, Facts extends object> {
  readonly #deps: ContentPipelineDeps;
  readonly #entries: readonly Entry<E>[];

  constructor(deps: ContentPipelineDeps, sinks: ContentSinks<E, Facts>) {
    this.#deps = deps;
    this.#entries = Object.entries<ContentSinkDefinition<E, unknown>>(sinks);
  }

  /** Begins a message. */
  begin(envelope: E): IncomingContent<Facts> {
    return new PipedContent<E, Facts>(this.#deps, this.#entries, envelope);
  }
}

/** The content of one message on its way in. Disposing it drops what no mailbox or queue has taken over; never rejects. */
export interface IncomingContent<Facts> extends AsyncDisposable {
  /**
   * Takes the next bytes, which must not change afterwards. The client waits until the promise resolves; null when there is nothing to wait for.
   * @throws what a sink threw that the message needs.
   */
  write(chunk: Uint8Array): Promise<void> | null;
  /** Ends the content. @throws what a sink threw that the message needs. */
  finish(): Promise<StoredContent & Facts>;
}

class PipedContent<E, Facts extends object> implements IncomingContent<Facts> {
  readonly #deps: ContentPipelineDeps;
  readonly #entries: readonly Entry<E>[];
  readonly #writer: ContentWriter;
  readonly #indexer = new MimeIndexer();
  readonly #sinks: GuardedSink<unknown>[] = [];

  constructor(deps: ContentPipelineDeps, entries: readonly Entry<E>[], envelope: E) {
    this.#deps = deps;
    this.#entries = entries;
    this.#writer = new ContentWriter(deps);
    for (const [name, definition] of entries) {
      const sink = definition.begin(envelope);
      if (sink !== null) this.#sinks.push(new GuardedSink(deps, name, definition, sink));
    }
  }

  write(chunk: Uint8Array): Promise<void> | null {
    this.#indexer.push(chunk);
    const waiting: Promise<void>[] = [];
    for (const sink of this.#sinks) {
      const written = sink.write(chunk);
      if (written !== null) waiting.push(written);
    }
    const stored = this.#writer.write(chunk);
    if (stored !== null) waiting.push(stored);
    // The slowest one sets the pace.
    return waiting.length === 0 ? null : Promise.all(waiting).then(() => undefined);
  }

  async finish(): Promise<StoredContent & Facts> {
    const stored = { index: this.#indexer.finish(), body: await this.#writer.finish() };
    const found = await Promise.all(this.#sinks.map(async (sink) => [sink.name, await sink.finish(stored)] as const));
    const facts = { ...Object.fromEntries(this.#entries.map(([name]) => [name, null])), ...Object.fromEntries(found) };
    // Sound by the type of the list: each name has the sink that finds its fact.
    return { ...stored, ...(facts as Facts) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sink of this.#sinks) sink.abort();
    try {
      await this.#writer.abort();
    } catch (error) {
      this.#deps.log.error('inbound.abortFailed', {}, error);
    }
  }
}
