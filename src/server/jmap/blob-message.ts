import { MimeIndexer, type MessageIndex } from '#lib/mime';
import type { EventLoop } from '#ports/event-loop';
import type { BlobContent } from './blob-content.ts';
import { MessageReader } from './message-reader.ts';

/** Reads a blob as a message, which need not be an email of the account (RFC 8621 §4.9). */
export class BlobMessage extends MessageReader {
  readonly email = null;
  readonly blobId: string;
  readonly #content: BlobContent;
  readonly #pausing: EventLoop;
  #index: MessageIndex | null = null;

  constructor(blobId: string, content: BlobContent, loop: EventLoop) {
    super(loop);
    this.blobId = blobId;
    this.#content = content;
    this.#pausing = loop;
  }

  override async description(): Promise<MessageIndex> {
    if (this.#index !== null) return this.#index;
    const indexer = new MimeIndexer();
    for await (const chunk of this.#content.stream()) {
      indexer.push(chunk);
      const pause = this.#pausing.pause();
      if (pause !== null) await pause;
    }
    return (this.#index = indexer.finish());
  }

  override bytes(): Promise<BlobContent> {
    return Promise.resolve(this.#content);
  }

  override async headerSize(): Promise<number> {
    return (await this.description()).root.bodyStart;
  }
}
