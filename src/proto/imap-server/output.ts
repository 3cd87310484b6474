import type { Channel } from '#ports/channel';
import type { EventLoop } from '#ports/event-loop';
import type { ReadFields } from './selected-mailbox.ts';

const encoder = new TextEncoder();
const smallestBuffer = 1024;
/** Usual number of concurrent writes of a long answer. */
const maxSpares = 3;
const nothing = new Uint8Array(0);

/** Position in an output. */
export interface OutputMark {
  readonly drains: number;
  readonly used: number;
}

/**
 * Collects responses into large writes. The methods that add are synchronous and grow the buffer; a caller that writes much awaits
 * `spill()` wherever `isFull`, which also yields to other connections, and `drain()` at the end. Between commands nothing is kept,
 * so that idle connections cost no buffer.
 */
export class Output {
  readonly #channel: Channel;
  readonly #loop: EventLoop;
  readonly #bufferBytes: number;
  #buffer: Uint8Array = nothing;
  /** Buffers that were sent and can be reused; kept only while more output is expected. */
  #spares: Uint8Array[] = [];
  #hasMore = false;
  #used = 0;
  #drains = 0;
  /** Longest wait in ms of one write for the peer. */
  timeoutMs: number;

  /** @param bufferBytes  Fill at which `isFull` turns true. */
  constructor(channel: Channel, loop: EventLoop, bufferBytes: number, timeoutMs: number) {
    this.#channel = channel;
    this.#loop = loop;
    this.#bufferBytes = bufferBytes;
    this.timeoutMs = timeoutMs;
  }

  /** True when enough was collected for a write. */
  get isFull(): boolean {
    return this.#used >= this.#bufferBytes;
  }

  /** Adds text as UTF-8. */
  text(text: string): void {
    const most = text.length * 3;
    this.#room(most);
    if (text.length < 24) {
      if (this.#shortAscii(text)) return;
    }
    this.#used += encoder.encodeInto(text, this.#buffer.subarray(this.#used)).written;
  }

  /** Adds a line: `text` and CRLF. */
  line(text: string): void {
    this.text(text);
    this.#room(2);
    this.#buffer[this.#used++] = 13;
    this.#buffer[this.#used++] = 10;
  }

  /** Adds one byte. */
  byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#used++] = value;
  }

  /** Adds bytes by copying them. */
  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Adds header fields of a message, `size` bytes. */
  fields(fields: ReadFields, i: number, size: number): void {
    this.#room(size);
    const end = fields.copyAt(i, this.#buffer, this.#used);
    if (end !== this.#used + size) throw new Error('header fields have another size than they should');
    this.#used = end;
  }

  /** Adds bytes, or a string of US-ASCII. */
  either(value: Uint8Array | string): void {
    if (typeof value === 'string') this.text(value);
    else this.bytes(value);
  }

  /** Adds a whole number from 0 to 2^53-1 in decimal. */
  number(value: number): void {
    if (value > 0xffff_ffff) {
      this.text(String(value));
      return;
    }
    this.#room(10);
    let digits = 1;
    for (let limit = 10; limit <= value; limit *= 10) digits++;
    let rest = value;
    for (let at = this.#used + digits - 1; at >= this.#used; at--) {
      const tenth = Math.floor(rest / 10);
      this.#buffer[at] = 48 + rest - tenth * 10;
      rest = tenth;
    }
    this.#used += digits;
  }

  /** Returns a position to which `rollBack` can return until the next write. */
  mark(): OutputMark {
    return { drains: this.#drains, used: this.#used };
  }

  /** Removes everything added since `mark`. Returns false, and removes nothing, when part of it has been sent. */
  rollBack(mark: OutputMark): boolean {
    if (mark.drains !== this.#drains) return false;
    this.#used = mark.used;
    return true;
  }

  /** Writes everything collected at the end of an answer. Returns null when there is nothing to wait for. */
  drain(): Promise<void> | null {
    this.#hasMore = false;
    this.#spares = [];
    return this.#used === 0 ? null : this.#channel.write(this.#taken(), this.timeoutMs);
  }

  /** Writes everything collected in the middle of a long answer, and yields to other connections. */
  spill(): Promise<void> | null {
    const written = this.#spill();
    const pause = this.#loop.pause();
    if (written === null || pause === null) return written ?? pause;
    return written.then(() => pause);
  }

  #spill(): Promise<void> | null {
    if (this.#used === 0) return null;
    this.#hasMore = true;
    const buffer = this.#buffer;
    return this.#channel.write(this.#taken(), this.timeoutMs, () => {
      if (this.#hasMore && this.#spares.length < maxSpares) this.#spares.push(buffer);
    });
  }

  /** Returns the collected bytes. The channel keeps them until they are sent, so the next buffer is a new one. */
  #taken(): Uint8Array {
    // Otherwise a peer that does not read would make us keep a whole buffer for each short answer.
    const isShort = this.#used * 2 <= this.#buffer.length && this.#used <= smallestBuffer;
    const bytes = isShort ? this.#buffer.slice(0, this.#used) : this.#buffer.subarray(0, this.#used);
    this.#buffer = nothing;
    this.#used = 0;
    this.#drains++;
    return bytes;
  }

  /** Adds bytes that no longer change; large ones are written without being copied. Returns null when there is nothing to wait for. */
  stream(bytes: Uint8Array): Promise<void> | null {
    if (bytes.length >= this.#bufferBytes) return this.#direct(bytes);
    this.bytes(bytes);
    return this.isFull ? this.spill() : null;
  }

  async #direct(bytes: Uint8Array): Promise<void> {
    await this.#spill();
    this.#drains++;
    await this.#channel.write(bytes, this.timeoutMs);
    await this.#loop.pause();
  }

  #shortAscii(text: string): boolean {
    const start = this.#used;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      this.#buffer[start + i] = code;
    }
    this.#used = start + text.length;
    return true;
  }

  #room(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#buffer.length) return;
    // Past a kilobyte more usually follows: take a whole buffer, with slack for the response that passes its end.
    const isShort = this.#used === 0 && bytes <= smallestBuffer && !this.#hasMore;
    const size = isShort ? smallestBuffer : Math.max(needed + (needed >> 2), this.#bufferBytes + 16_384);
    const spare = this.#spares.pop();
    const grown = spare !== undefined && spare.length >= size ? spare : new Uint8Array(size);
    grown.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = grown;
  }
}
