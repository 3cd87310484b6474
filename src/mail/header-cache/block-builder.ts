import { listedFieldNames, listedPlaceAt, storedFieldEnd, type ListedFields } from '#lib/message';
import type { EventLoop } from '#ports/event-loop';
import { firstFieldCode, RowCode } from './cached-fields.ts';
import { FieldKind, type FieldColumn, type HeaderBlock } from './header-block.ts';
import { headerCacheLimits } from './limits.ts';

const encoder = new TextEncoder();
const LF = 10;
const CR = 13;
const SP = 32;

/** Columns of a message's rows that a block repeats. */
export interface MessageFacts {
  readonly uid: number;
  readonly sizeBytes: number;
  readonly receivedMs: number;
  readonly saveMs: number;
  readonly sentDayMs: number | null;
}

/** A text that lists send as it is: a string of US-ASCII, or bytes; empty when there is none. */
export type ReadyText = string | Uint8Array;

/** Makes a block from messages in the order of their UIDs. */
export class BlockBuilder {
  readonly #facts: MessageFacts[] = [];
  readonly #leftOut: number[] = [];
  readonly #order = new GrowingBytes();
  readonly #orderEnds: number[] = [0];
  readonly #columns = listedFieldNames.map(() => new ColumnBuilder());
  readonly #texts: readonly ColumnBuilder[];
  /** Codes of the message that is being added. */
  readonly #seen: number[] = [];

  /** @param textCount  Texts of each message. */
  constructor(textCount: number) {
    this.#texts = Array.from({ length: textCount }, () => new ColumnBuilder());
  }

  /** Messages so far. */
  get count(): number {
    return this.#facts.length;
  }

  /** A column is full, so that the next message belongs into another block. */
  get isFull(): boolean {
    return [...this.#texts, ...this.#columns].some(({ sizeBytes }) => sizeBytes > headerCacheLimits.maxColumnBytes);
  }

  /** Adds a message. Of a header that is not plain the fields are left out, as of one with null: only its readers can do justice to it. */
  add(facts: MessageFacts, listed: ListedFields | null, texts: readonly ReadyText[]): void {
    this.#seen.length = 0;
    const isTaken = listed !== null && listed.isPlain && this.#split(listed.bytes);
    this.#leftOut.push(isTaken ? 0 : 1);
    if (isTaken) for (const code of this.#seen) this.#order.push(code);
    this.#orderEnds.push(this.#order.length);
    // Not the object that was given: it may be a row with its whole description, of which a block would keep thousands.
    const { uid, sizeBytes, receivedMs, saveMs, sentDayMs } = facts;
    this.#facts.push({ uid, sizeBytes, receivedMs, saveMs, sentDayMs });
    for (const column of this.#columns) column.endMessage(isTaken);
    for (const [i, column] of this.#texts.entries()) column.addText(texts[i] ?? '');
  }

  /** The block of what was added; nothing can be added any more. */
  async build(loop: EventLoop): Promise<HeaderBlock> {
    const facts = this.#facts;
    const builders = new Map<number, ColumnBuilder>([
      ...this.#texts.map((column, i) => [RowCode.FirstText + i, column] as const),
      ...this.#columns.map((column, i) => [firstFieldCode + i, column] as const),
    ]);
    const columns = new Map<number, FieldColumn>();
    for (const [code, builder] of builders) {
      columns.set(code, builder.build());
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
    return {
      messages: { uids: Uint32Array.from(facts, ({ uid }) => uid), isLeftOut: Uint8Array.from(this.#leftOut) },
      facts: {
        sizeBytes: Float64Array.from(facts, ({ sizeBytes }) => sizeBytes),
        receivedMs: Float64Array.from(facts, ({ receivedMs }) => receivedMs),
        saveMs: Float64Array.from(facts, ({ saveMs }) => saveMs),
        sentDayMs: Float64Array.from(facts, ({ sentDayMs }) => sentDayMs ?? Number.NaN),
      },
      order: { codes: this.#order.taken(), offsets: Uint32Array.from(this.#orderEnds) },
      columns,
    };
  }

  /** Puts the fields into their columns. @returns false where they cannot be put back together. */
  #split(fields: Uint8Array): boolean {
    for (let at = 0; at < fields.length;) {
      const end = storedFieldEnd(fields, at);
      if (!this.#take(firstFieldCode + listedPlaceAt(fields, at), fields, at, end)) return false;
      at = end;
    }
    return true;
  }

  #take(code: number, header: Uint8Array, start: number, end: number): boolean {
    const isAgain = this.#seen.includes(code);
    // A repetition elsewhere in the header could not be put back where it was.
    if (isAgain && this.#seen.at(-1) !== code) return false;
    if (!isAgain) this.#seen.push(code);
    return this.#columns[code - firstFieldCode]?.add(header, start, end) ?? false;
  }
}

/** Bytes that grow at the end. */
class GrowingBytes {
  #bytes = new Uint8Array(1024);
  length = 0;

  push(byte: number): void {
    this.#room(1);
    this.#bytes[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  appendAscii(text: string): void {
    this.#room(text.length);
    this.length += encoder.encodeInto(text, this.#bytes.subarray(this.length)).written;
  }

  cut(length: number): void {
    this.length = length;
  }

  taken(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.length + more));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}

class ColumnBuilder {
  readonly #bytes = new GrowingBytes();
  readonly #offsets: number[] = [0];
  readonly #kinds: number[] = [];
  #kind: FieldKind = FieldKind.Absent;

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** Adds a field of the current message. @returns false when it is too long. */
  add(header: Uint8Array, start: number, end: number): boolean {
    this.#kind = this.#kind === FieldKind.Absent ? kindOf(header, start, end) : FieldKind.Other;
    this.#bytes.append(header.subarray(start, end));
    return this.#bytes.length - (this.#offsets.at(-1) ?? 0) <= headerCacheLimits.maxFieldBytes;
  }

  /** Adds the text of the current message, and ends it; nothing for a long one. */
  addText(text: ReadyText): void {
    if (typeof text !== 'string') this.#bytes.append(text);
    else this.#bytes.appendAscii(text);
    const sizeBytes = this.#bytes.length - (this.#offsets.at(-1) ?? 0);
    this.endMessage(sizeBytes <= headerCacheLimits.maxFieldBytes);
  }

  endMessage(isTaken: boolean): void {
    if (!isTaken) {
      this.#bytes.cut(this.#offsets.at(-1) ?? 0);
      this.#kind = FieldKind.Absent;
    }
    this.#offsets.push(this.#bytes.length);
    this.#kinds.push(this.#kind);
    this.#kind = FieldKind.Absent;
  }

  build(): FieldColumn {
    return {
      bytes: this.#bytes.taken(),
      offsets: Uint32Array.from(this.#offsets),
      kinds: Uint8Array.from(this.#kinds),
    };
  }
}

const QUOTE = 34;
const OPEN = 40;
const EQUALS = 61;
const QUESTION = 63;
const BACKSLASH = 92;

/** Search of the value of one field; its name is not looked at. */
function kindOf(header: Uint8Array, start: number, end: number): FieldKind {
  let stop = end;
  if (header[stop - 1] === LF) stop--;
  if (header[stop - 1] === CR) stop--;
  let at = header.indexOf(58, start) + 1;
  while (at < stop && header[at] === SP) at++;
  let kind: FieldKind = FieldKind.Plain;
  let before = 0;
  for (; at < stop; at++) {
    const byte = header[at] ?? 0;
    if (byte < SP || byte > 126 || byte === BACKSLASH || byte === OPEN) return FieldKind.Other;
    if (byte === SP && before === SP) return FieldKind.Other;
    if (byte === QUESTION && before === EQUALS) return FieldKind.Other;
    if (byte === QUOTE) kind = FieldKind.Quoted;
    before = byte;
  }
  return before === SP ? FieldKind.Other : kind;
}
