import { joinBytes } from '#lib/codecs';
import type { BlobId, BlobOwner, BlobReader, BlobStore } from '#ports/blobs';
import type { ReceivedBody } from './body.ts';
import { BodyCheck, ContentDamaged, type BodyFacts } from './body-check.ts';
import { contentLimits } from './limits.ts';

/** The bytes of one message as readers see them: the prefix (header fields that we added) followed by the content that was received. */
export interface MessageBytes {
  /** Prefix and body together. */
  readonly sizeBytes: number;
  /**
   * Bytes from `start` (inclusive) to `end` (exclusive), clamped; at once when they are in memory. @throws BlobMissing, ContentDamaged: also for a wrong
   * checksum, when the body is in memory or read in one piece.
   */
  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array>;
  /** As `bytes`, but it may stop short of `end` where going on would mean copying; at least one byte unless the range is empty. */
  piece(start: number, end: number): Uint8Array | Promise<Uint8Array>;
  /** Damage that only the last piece showed, of a body that was read in several, in order; null when none is known. */
  readonly damage: ContentDamaged | null;
  /** From `start` to `end` in pieces of bounded size, with one handle held until the generator ends. @throws ContentDamaged, for a wrong checksum at the end. */
  stream(start?: number, end?: number): AsyncGenerator<Uint8Array>;
}

/** Place of stored bytes by their row: `bytes` here, or to be read from the row; or the blob `blobId`. */
export interface StoredBytes {
  readonly sizeBytes: number;
  /** Null when the row has no checksum. */
  readonly crc32: number | null;
  readonly blobId: BlobId | null;
  readonly bytes: Uint8Array | ReadBytes | null;
}

/** Reads bytes of a body from `start` to `end` (exclusive); null when the row has none. */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array | null>;

/**
 * Returns the bytes of the message behind a row of `owner`. Never throws: a row without its bytes, or with others, makes an object
 * whose reads throw ContentDamaged, so that one damaged message does not hide those read with it.
 */
export function storedMessageBytes(
  blobs: BlobStore,
  owner: BlobOwner,
  stored: StoredBytes,
  prefix: Uint8Array,
): MessageBytes {
  const { sizeBytes, crc32, blobId } = stored;
  if (blobId !== null) {
    const file = `blobs/${owner}/${blobId.slice(0, 2)}/${blobId}`;
    return new BlobContent(blobs, owner, blobId, { sizeBytes, crc32, file }, prefix);
  }
  const facts = { sizeBytes, crc32, file: owner === 'queue' ? 'server.db' : `accounts/${owner}/account.db` };
  if (typeof stored.bytes === 'function') return new RowContent(stored.bytes, facts, prefix);
  // SQLite's `substr` of an empty blob is NULL, and a driver may give NULL for an empty blob.
  const bytes = stored.bytes ?? (sizeBytes === 0 ? noBytes : null);
  return new InlineContent(prefix, bytes, facts);
}

/** Returns the bytes of a message whose body has no row yet. */
export function receivedMessageBytes(blobs: BlobStore, body: ReceivedBody, prefix: Uint8Array = noBytes): MessageBytes {
  const { sizeBytes } = body;
  if (body.kind === 'inline') return new InlineContent(prefix, body.bytes, { sizeBytes, crc32: null, file: 'memory' });
  const facts = { sizeBytes, crc32: body.crc32, file: `blobs/incoming/${body.id}` };
  return new BlobContent(blobs, 'incoming', body.id, facts, prefix);
}

const noBytes = new Uint8Array(0);

/** A range of a message, divided into its part of the prefix and its range in the body. */
interface Divided {
  /** Empty when the range begins in the body. */
  readonly head: Uint8Array;
  /** Range in the body; empty when the range ends in the prefix. */
  readonly from: number;
  readonly to: number;
}

/** The prefix of a message before a body of known size. */
class Prefix {
  readonly #bytes: Uint8Array;
  /** Size of prefix and body together. */
  readonly sizeBytes: number;

  constructor(bytes: Uint8Array, bodySizeBytes: number) {
    this.#bytes = bytes;
    this.sizeBytes = bytes.length + bodySizeBytes;
  }

  /** Divides a range of the message, clamped to its size. */
  divide(start: number, end: number): Divided {
    const { length } = this.#bytes;
    const from = Math.max(0, start);
    const to = Math.max(from, Math.min(this.sizeBytes, end));
    const head = from < length ? this.#bytes.subarray(from, to) : noBytes;
    return { head, from: Math.max(0, from - length), to: Math.max(0, to - length) };
  }

  /** Returns the end of a piece that need not be copied: the prefix and the body are in different places. */
  endOfPiece(start: number, end: number): number {
    const { length } = this.#bytes;
    return start < length && end > length ? length : end;
  }
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array {
  return head.length === 0 ? body : joinBytes([head, body]);
}

class InlineContent implements MessageBytes {
  readonly sizeBytes: number;
  readonly #prefix: Prefix;
  /** Null when the row has none. It may end early: only the header was read. */
  readonly #body: Uint8Array | null;
  readonly #facts: BodyFacts;
  readonly damage = null;
  #isChecked = false;

  constructor(prefix: Uint8Array, body: Uint8Array | null, facts: BodyFacts) {
    this.#prefix = new Prefix(prefix, facts.sizeBytes);
    this.#body = body;
    this.#facts = facts;
    this.sizeBytes = this.#prefix.sizeBytes;
  }

  bytes(start: number, end: number): Uint8Array {
    const { head, from, to } = this.#prefix.divide(start, end);
    if (from === to) return head;
    const body = this.#body;
    const { file, sizeBytes } = this.#facts;
    if (body === null) throw new ContentDamaged(file, 'its bytes are missing');
    if (body.length < to) {
      throw new ContentDamaged(file, `${body.length} bytes are stored where ${to} are needed`);
    }
    if (!this.#isChecked && body.length === sizeBytes) {
      new BodyCheck(this.#facts).see(0, body);
      this.#isChecked = true;
    }
    return joined(head, body.subarray(from, to));
  }

  piece(start: number, end: number): Uint8Array {
    return this.bytes(start, this.#prefix.endOfPiece(start, end));
  }

  async *stream(start = 0, end = this.sizeBytes): AsyncGenerator<Uint8Array> {
    const to = Math.min(end, this.sizeBytes);
    for (let at = Math.max(0, start); at < to; at += contentLimits.chunkBytes) {
      yield this.bytes(at, Math.min(to, at + contentLimits.chunkBytes));
    }
  }
}

/** A body in a row that was left there, because it is large. */
class RowContent implements MessageBytes {
  readonly sizeBytes: number;
  readonly #read: ReadBytes;
  readonly #prefix: Prefix;
  readonly #facts: BodyFacts;
  readonly #check: BodyCheck;

  constructor(read: ReadBytes, facts: BodyFacts, prefix: Uint8Array) {
    this.#read = read;
    this.#prefix = new Prefix(prefix, facts.sizeBytes);
    this.#facts = facts;
    this.#check = new BodyCheck(facts);
    this.sizeBytes = this.#prefix.sizeBytes;
  }

  get damage(): ContentDamaged | null {
    return this.#check.damage;
  }

  async bytes(start: number, end: number): Promise<Uint8Array> {
    const { head, from, to } = this.#prefix.divide(start, end);
    if (from === to) return head;
    const body = await this.#read(from, to);
    const { file } = this.#facts;
    if (body === null) throw new ContentDamaged(file, 'its bytes are missing');
    if (body.length < to - from) {
      throw new ContentDamaged(file, `${from + body.length} bytes are stored where ${to} are needed`);
    }
    this.#check.see(from, body);
    return joined(head, body);
  }

  piece(start: number, end: number): Promise<Uint8Array> {
    return this.bytes(start, this.#prefix.endOfPiece(start, end));
  }

  async *stream(start = 0, end = this.sizeBytes): AsyncGenerator<Uint8Array> {
    const to = Math.min(end, this.sizeBytes);
    for (let at = Math.max(0, start); at < to; at += contentLimits.chunkBytes) {
      yield await this.bytes(at, Math.min(to, at + contentLimits.chunkBytes));
    }
    if (this.damage !== null) throw this.damage;
  }
}

class BlobContent implements MessageBytes {
  readonly sizeBytes: number;
  readonly #blobs: BlobStore;
  readonly #owner: BlobOwner;
  readonly #id: BlobId;
  readonly #prefix: Prefix;
  readonly #facts: BodyFacts;
  readonly #check: BodyCheck;

  constructor(blobs: BlobStore, owner: BlobOwner, id: BlobId, facts: BodyFacts, prefix: Uint8Array) {
    this.#blobs = blobs;
    this.#owner = owner;
    this.#id = id;
    this.#prefix = new Prefix(prefix, facts.sizeBytes);
    this.#facts = facts;
    this.#check = new BodyCheck(facts);
    this.sizeBytes = this.#prefix.sizeBytes;
  }

  get damage(): ContentDamaged | null {
    return this.#check.damage;
  }

  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array> {
    const divided = this.#prefix.divide(start, end);
    return divided.from === divided.to ? divided.head : this.#read(divided);
  }

  piece(start: number, end: number): Uint8Array | Promise<Uint8Array> {
    return this.bytes(start, end);
  }

  /** Opens the blob. @throws ContentDamaged when it has another size than its row says: before anything of it is shown. */
  async #open(): Promise<BlobReader> {
    const blob = await this.#blobs.open(this.#owner, this.#id);
    const { sizeBytes, file } = this.#facts;
    if (blob.sizeBytes === sizeBytes) return blob;
    await blob[Symbol.asyncDispose]();
    throw new ContentDamaged(file, `the blob ${this.#id} has ${blob.sizeBytes} bytes, and should have ${sizeBytes}`);
  }

  async #read({ head, from, to }: Divided): Promise<Uint8Array> {
    await using blob = await this.#open();
    const body = await blob.bytes(from, to);
    this.#check.see(from, body);
    return joined(head, body);
  }

  async *stream(start = 0, end = this.sizeBytes): AsyncGenerator<Uint8Array> {
    const { head, from, to } = this.#prefix.divide(start, end);
    if (head.length > 0) yield head;
    if (from === to) return;
    await using blob = await this.#open();
    for (let at = from; at < to; at += contentLimits.chunkBytes) {
      const bytes = await blob.bytes(at, Math.min(to, at + contentLimits.chunkBytes));
      this.#check.see(at, bytes);
      yield bytes;
    }
    if (this.damage !== null) throw this.damage;
  }
}
