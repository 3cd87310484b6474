import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database } from '#ports/database';
import type { OutgoingContent } from './transmitter.ts';

const chunkBytes = 256 * 1024;

/** Where the bytes of a queued message are. */
export interface ContentRow {
  readonly message: number;
  readonly prefix: Uint8Array;
  readonly bodySizeBytes: number;
  readonly blobId: BlobId | null;
}

/** Opens a queued message. Inline bytes are read at once, blobs when asked for. @throws Error when the content is gone. */
export async function openContent(db: Database, blobs: BlobStore, row: ContentRow): Promise<OutgoingContent> {
  const { blobId, prefix } = row;
  if (blobId !== null) {
    const body = async (start: number, end: number): Promise<Uint8Array> => {
      await using blob = await blobs.open('queue', blobId);
      return await blob.bytes(start, end);
    };
    return new QueuedContent(prefix, row.bodySizeBytes, body);
  }
  const stored = await db.read((reader) =>
    reader.get<{ bytes: Uint8Array }>(sql`SELECT bytes FROM queue_content WHERE message = ${row.message}`),
  );
  if (stored === undefined) throw new Error(`queued message ${row.message} has no content`);
  return new QueuedContent(prefix, row.bodySizeBytes, (start, end) => stored.bytes.subarray(start, end));
}

type ReadBody = (start: number, end: number) => Uint8Array | Promise<Uint8Array>;

class QueuedContent implements OutgoingContent {
  readonly sizeBytes: number;
  readonly #prefix: Uint8Array;
  readonly #readBody: ReadBody;

  constructor(prefix: Uint8Array, bodySizeBytes: number, readBody: ReadBody) {
    this.#prefix = prefix;
    this.#readBody = readBody;
    this.sizeBytes = prefix.length + bodySizeBytes;
  }

  async bytes(start: number, end: number): Promise<Uint8Array> {
    const from = Math.max(0, start);
    const to = Math.min(this.sizeBytes, end);
    const prefixBytes = this.#prefix.length;
    if (from >= to) return new Uint8Array(0);
    if (to <= prefixBytes) return this.#prefix.subarray(from, to);
    const body = await this.#readBody(Math.max(0, from - prefixBytes), to - prefixBytes);
    if (from >= prefixBytes) return body;
    const joined = new Uint8Array(prefixBytes - from + body.length);
    joined.set(this.#prefix.subarray(from));
    joined.set(body, prefixBytes - from);
    return joined;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.sizeBytes; at += chunkBytes) yield await this.bytes(at, at + chunkBytes);
  }
}
